package transport

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, tc := range []struct {
		name, value, date string
		want              time.Duration
		ok                bool
	}{
		{"seconds", "7", "", 7 * time.Second, true},
		{"with space around it", " 7 ", "", 7 * time.Second, true},
		{"zero", "0", "", 0, true},
		{"decimals", "30.0", "", 30 * time.Second, true},
		{"a fraction", "0.25", "", 250 * time.Millisecond, true},
		{"absent", "", "", 0, false},
		{"negative", "-5", "", 0, false},
		{"with a sign", "+5", "", 0, false},
		{"an exponent", "1e2", "", 0, false},
		{"infinite", "Inf", "", 0, false},
		{"two points", "1.2.3", "", 0, false},
		{"a point", ".", "", 0, false},
		{"an overflow", "9223372036854775807", "", 0, false},
		{"a greater overflow", "99999999999999999999999", "", 0, false},
		{"junk", "soon", "", 0, false},
		{"a date", at(9 * time.Second), "", 9 * time.Second, true},
		{"a date in the past", at(-time.Second), "", 0, false},
		{"a date that is now", at(0), "", 0, false},
		{"a date, the local clock 10 min fast", at(-9 * time.Minute), at(-10 * time.Minute), time.Minute, true},
		{"a date, the local clock 10 min slow", at(11 * time.Minute), at(10 * time.Minute), time.Minute, true},
		{"a date before the response's own", at(time.Minute), at(2 * time.Minute), 0, false},
		{"a date, and a Date that is none", at(9 * time.Second), "yesterday", 9 * time.Second, true},
	} {
		header := http.Header{"Retry-After": {tc.value}}
		if tc.date != "" {
			header.Set("Date", tc.date)
		}
		got, ok := RetryAfter(header, now)
		assert.Equal(t, tc.ok, ok, tc.name)
		assert.Equal(t, tc.want, got, tc.name)
	}
}
