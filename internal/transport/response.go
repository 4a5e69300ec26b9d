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
	// maxErrorBody is how many bytes of the body of a failed response are kept.
	maxErrorBody = 64 << 10
	// maxDrain is how many more of them are read so that the connection can be used again.
	maxDrain = 1 << 20
	// maxErrorRead is how long reading the body of a failed response may take.
	maxErrorRead = 5 * time.Second
	// maxPooled is the size of the largest buffer that is kept for other calls, so that one huge response does not
	// occupy memory for the life of the process.
	maxPooled = 1 << 20
)

var byteOrderMark = []byte("\uFEFF")

// read reads the body up to its limit, and to its end if possible, so that the connection can be used again.
func (r *run) read(resp *http.Response) error {
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return nil // the body is the connection itself, and a read would ignore the context
	}
	r.buffer.Reset()
	success := resp.StatusCode/100 == 2
	limit := int64(maxErrorBody)
	if success {
		limit = r.client.MaxBody
	} else {
		cancel := r.attempt.cancel
		defer time.AfterFunc(maxErrorRead, func() { cancel(nil) }).Stop()
	}
	if resp.ContentLength > 0 {
		r.buffer.Grow(int(min(resp.ContentLength, maxPooled)) + bytes.MinRead) // the header may be wrong
	}
	r.limited = io.LimitedReader{R: r.decoded(resp), N: limit + 1}
	n, err := r.buffer.ReadFrom(&r.limited)
	r.Body = bytes.TrimPrefix(r.buffer.Bytes()[:min(n, limit)], byteOrderMark)
	switch {
	case !success: // the status matters, even if the body cannot be read
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

// decoded returns the body without its Content-Encoding, which net/http removes only if it asked for it.
func (r *run) decoded(resp *http.Response) io.Reader {
	switch strings.ToLower(first(resp.Header, "Content-Encoding")) {
	case "gzip", "x-gzip":
	default:
		return resp.Body
	}
	r.Header = resp.Header.Clone() // the RoundTripper may still use its header
	r.Header.Del("Content-Encoding")
	r.Header.Del("Content-Length")
	return &gzipBody{compressed: resp.Body}
}

// gzipBody reads a compressed body. A body of zero bytes is empty.
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

// RequestID returns the ID that the service gave the request, or else the one of the network edge in front of it. It is
// valid UTF-8, unlike some headers.
func RequestID(header http.Header) string {
	return strings.ToValidUTF8(cmp.Or(first(header, "X-Request-Id"), first(header, "Cf-Ray")), "\ufffd")
}

// first returns the first value of a header, whose name is in the canonical form.
func first(header http.Header, name string) string {
	if values := header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}
