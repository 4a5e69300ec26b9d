package transport

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// maxErrorBody is how much of the body of a failed response is kept.
	maxErrorBody = 64 << 10
	// maxDrain is how much more of it is read so that its connection can be used again.
	maxDrain = 1 << 20
	// maxErrorRead is how long that may take.
	maxErrorRead = 5 * time.Second
	// maxPooled keeps one huge response from pinning its buffer for the life of the process.
	maxPooled = 1 << 20
)

var byteOrderMark = []byte("\uFEFF")

// read takes the body to its end, so that the connection can be used again, and at most to the bound.
func (r *run) read(resp *http.Response) error {
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return nil // the body is the bare connection, whose reads know no context
	}
	r.buffer.Reset()
	success := resp.StatusCode/100 == 2
	limit := int64(maxErrorBody)
	if success {
		limit = r.client.MaxBody
	} else { // its body is not worth a long wait
		cancel := r.attempt.cancel
		defer time.AfterFunc(maxErrorRead, func() { cancel(nil) }).Stop()
	}
	if resp.ContentLength > 0 {
		r.buffer.Grow(int(min(resp.ContentLength, maxPooled)) + bytes.MinRead) // a header is no promise
	}
	r.limited = io.LimitedReader{R: r.decoded(resp), N: limit + 1}
	n, err := r.buffer.ReadFrom(&r.limited)
	r.Body = bytes.TrimPrefix(r.buffer.Bytes()[:min(n, limit)], byteOrderMark)
	switch {
	case !success: // what the status says stands, however its body ends
		_, _ = io.CopyN(io.Discard, resp.Body, maxDrain)
		return nil
	case err != nil:
		return fmt.Errorf("reading the response body: %w", err)
	case n > limit:
		return &Failure{
			Reason: "body too large", Err: fmt.Errorf("the response body is larger than %d bytes", limit), Final: true,
		}
	}
	return nil
}

// decoded is the body without its Content-Encoding, which net/http removes only where it asked for it.
func (r *run) decoded(resp *http.Response) io.Reader {
	switch strings.ToLower(first(resp.Header, "Content-Encoding")) {
	case "gzip", "x-gzip":
	default:
		return resp.Body
	}
	r.Header = resp.Header.Clone() // a RoundTripper may hold on to its own
	r.Header.Del("Content-Encoding")
	r.Header.Del("Content-Length")
	return &gzipBody{compressed: resp.Body}
}

// gzipBody reads a compressed body. One without any bytes is empty.
type gzipBody struct {
	compressed io.Reader
	plain      *gzip.Reader
}

func (b *gzipBody) Read(p []byte) (int, error) {
	if b.plain == nil {
		plain, err := gzip.NewReader(b.compressed)
		switch {
		case errors.Is(err, io.EOF):
			return 0, io.EOF
		case err != nil:
			return 0, err
		}
		b.plain = plain
	}
	return b.plain.Read(p)
}

// RequestID returns the ID that the service, or else the edge in front of it, gave a request.
func RequestID(header http.Header) string {
	return cmp.Or(first(header, "X-Request-Id"), first(header, "Cf-Ray"))
}

// first returns the first value of a header, whose name is in the canonical form.
func first(header http.Header, name string) string {
	if values := header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}
