package main

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// traffic counts what every attempt received: statuses, protocols and headers, the ones that the SDK retries included.
type traffic struct {
	next http.RoundTripper

	mu        sync.Mutex
	attempts  int
	statuses  map[string]int            // "200", or "no response"
	protocols map[string]int            // "HTTP/2.0"
	headers   map[string]map[string]int // a header's name, its form, how often
	offset    time.Duration             // the largest difference between Date and the local clock
}

func newTraffic(next http.RoundTripper) *traffic {
	return &traffic{next: next, statuses: map[string]int{}, protocols: map[string]int{}, headers: map[string]map[string]int{}}
}

// RoundTrip implements [http.RoundTripper].
func (t *traffic) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.attempts++
	if err != nil {
		t.statuses["no response"]++
		return resp, err
	}
	t.statuses[strconv.Itoa(resp.StatusCode)]++
	t.protocols[resp.Proto]++
	for name, form := range headerForms {
		t.count(name, form(resp.Header.Get(name)))
	}
	for name := range resp.Header {
		if isRateLimit(name) {
			t.count(rateLimitName(name), "present")
		}
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		if offset := time.Since(date); offset.Abs() > t.offset.Abs() {
			t.offset = offset
		}
	}
	return resp, nil
}

func (t *traffic) count(header, form string) {
	if t.headers[header] == nil {
		t.headers[header] = map[string]int{}
	}
	t.headers[header][form]++
}

// headerForms describes the values of the headers that matter to a client, without the value.
var headerForms = map[string]func(value string) string{
	"Content-Type":     mediaType,
	"Content-Encoding": oneOf("gzip", "br", "zstd", "deflate"),
	"Server":           oneOf("cloudflare"),
	"Date":             dateForm,
	"Retry-After":      retryAfterForm,
	"Cf-Ray":           presence,
	"X-Request-Id":     presence,
	"Location":         presence,
}

func presence(value string) string {
	if value == "" {
		return "absent"
	}
	return "present"
}

func oneOf(known ...string) func(string) string {
	return func(value string) string {
		switch {
		case value == "":
			return "absent"
		case slices.Contains(known, strings.ToLower(value)):
			return strings.ToLower(value)
		}
		return "another value"
	}
}

func mediaType(value string) string {
	media, _, _ := mime.ParseMediaType(value)
	switch media {
	case "application/json", "application/problem+json", "text/html", "text/plain":
		return media
	}
	return oneOf()(value)
}

func dateForm(value string) string {
	if _, err := http.ParseTime(value); err == nil {
		return "HTTP date"
	}
	return oneOf()(value)
}

func retryAfterForm(value string) string {
	if _, err := strconv.ParseUint(value, 10, 64); err == nil {
		return "seconds"
	}
	if _, err := strconv.ParseFloat(value, 64); err == nil {
		return "fractional seconds"
	}
	return dateForm(value)
}

var rateLimitHeaders = []string{
	"Ratelimit", "Ratelimit-Limit", "Ratelimit-Policy", "Ratelimit-Remaining", "Ratelimit-Reset",
	"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset",
}

func isRateLimit(name string) bool {
	return strings.Contains(strings.ReplaceAll(strings.ToLower(name), "-", ""), "ratelimit")
}

func rateLimitName(name string) string {
	if slices.Contains(rateLimitHeaders, name) {
		return name
	}
	return "another rate limit header"
}
