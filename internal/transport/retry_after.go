package transport

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter parses a Retry-After header: seconds, with or without decimals, or a date. A date is compared with the
// response's own Date, so that the local clock need not be right, or with now if there is none. An invalid or negative
// value, one that overflows, and a date that is not in the future count as absent.
func RetryAfter(header http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if value == "" {
		return 0, false
	}
	if strings.Trim(value, "0123456789.") == "" { // no sign, exponent or name of a number
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil || seconds >= float64(math.MaxInt64/time.Second) {
			return 0, false
		}
		return time.Duration(math.Ceil(seconds * float64(time.Second))), true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if served, err := http.ParseTime(strings.TrimSpace(header.Get("Date"))); err == nil {
		now = served
	}
	return max(0, date.Sub(now)), date.After(now)
}
