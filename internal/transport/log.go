package transport

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
)

// LevelTrace is the level below [slog.LevelDebug] at which headers and bodies are logged, with all secrets masked.
const LevelTrace = slog.LevelDebug - 4

const mask = "[REDACTED]"

// log records the attempt that just ended: as a warning if its failure may be temporary, even if no other attempt
// follows, since each poll of a wait is a call with one attempt.
func (r *run) log(temporary bool) {
	logger := r.client.Logger
	if logger == nil {
		return
	}
	last := &r.Attempts[len(r.Attempts)-1]
	level := slog.LevelDebug
	if temporary && r.Context.Err() == nil {
		level = slog.LevelWarn
	}
	if logger.Enabled(r.Context, level) {
		// An allowlist: nothing from the URL, the request's headers, the bodies or an error's text.
		attrs := append(r.names(make([]slog.Attr, 0, 9)),
			slog.Int("status", last.StatusCode),
			slog.Int("attempt", len(r.Attempts)),
			slog.Duration("duration", last.Duration),
			slog.String("request_id", RequestID(r.Header)),
		)
		if last.Err != nil {
			why := reason(last.Err)
			if last.StatusCode != 0 && why == otherReason {
				why = "unusable response"
			}
			attrs = append(attrs, slog.String("reason", why))
		}
		if r.delay >= 0 {
			attrs = append(attrs, slog.Duration("retry_in", r.delay))
		}
		logger.LogAttrs(r.Context, level, "paperspace attempt", attrs...)
	}
	if r.StatusCode != 0 && logger.Enabled(r.Context, LevelTrace) {
		r.logWire("paperspace response", r.Header, r.Body)
	}
}

// logRequest records a request before it is sent.
func (r *run) logRequest(req *http.Request) {
	if logger := r.client.Logger; logger != nil && logger.Enabled(r.Context, LevelTrace) {
		r.logWire("paperspace request", req.Header, r.call.Request.Body)
	}
}

func (r *run) logWire(message string, header http.Header, body []byte) {
	attrs := append(r.names(make([]slog.Attr, 0, 6)), slog.Any("header", r.maskedHeader(header)), slog.Int("bytes", len(body)))
	if r.client.Mask != nil && len(body) > 0 {
		attrs = append(attrs, slog.String("body", r.withoutKey(string(r.client.Mask(body, r.call.Request.Body)))))
	}
	r.client.Logger.LogAttrs(r.Context, LevelTrace, message, attrs...)
}

func (r *run) names(attrs []slog.Attr) []slog.Attr {
	e := &r.call.Endpoint
	return append(attrs, slog.String("endpoint", e.ID), slog.String("method", e.Method), slog.String("path_template", e.PathTemplate))
}

// withoutKey masks the API key, which a peer may send back.
func (r *run) withoutKey(text string) string {
	_, key, _ := strings.Cut(r.attempt.authorization, " ")
	if key == "" {
		return text
	}
	return strings.ReplaceAll(text, key, mask)
}

// secretHeaders are parts of the names of headers that hold secrets.
var secretHeaders = []string{"auth", "cookie", "key", "password", "secret", "token"}

// maskedHeader returns a copy of a header with its secrets masked.
func (r *run) maskedHeader(header http.Header) http.Header {
	masked := header.Clone()
	for name, values := range masked {
		name = strings.ToLower(name)
		secret := slices.ContainsFunc(secretHeaders, func(part string) bool { return strings.Contains(name, part) })
		for i := range values {
			if secret {
				values[i] = mask
			} else {
				values[i] = r.withoutKey(values[i])
			}
		}
	}
	return masked
}
