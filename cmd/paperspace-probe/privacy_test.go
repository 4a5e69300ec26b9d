package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/contract"
)

// published returns everything that a report puts into files: as Markdown, with changes since an earlier report, and as
// JSON.
func published(t *testing.T, r *report) string {
	t.Helper()
	earlier := &report{Traffic: trafficReport{Protocols: map[string]int{"HTTP/2.0": 1}}, Assumptions: slices.Clone(r.Assumptions)}
	var b bytes.Buffer
	require.NoError(t, r.markdown(&b, compare(earlier, r)))
	require.NoError(t, r.writeJSON(&b))
	return b.String()
}

// values collects the strings in a decoded body.
func values(value any, add func(string)) {
	switch value := value.(type) {
	case string:
		add(value)
	case json.Number:
		if len(value) >= 6 {
			add(value.String())
		}
	case []any:
		for _, item := range value {
			values(item, add)
		}
	case object:
		for _, member := range value {
			values(member, add)
		}
	}
}

// constants are the names and the values that the contract lists, and the codes of errors.
func constants() map[string]bool {
	known := map[string]bool{}
	var visit func(s *contract.Schema)
	visit = func(s *contract.Schema) {
		for _, value := range s.Enum {
			if text, ok := value.(string); ok {
				known[text] = true
			}
		}
		for _, f := range s.Fields {
			known[f.Name] = true
		}
		for _, child := range s.Children() {
			visit(child)
		}
	}
	for _, e := range contract.Endpoints() {
		for _, s := range e.Schemas() {
			visit(s)
		}
	}
	for _, code := range codes {
		known[code] = true
	}
	return known
}

func TestReportHasNoValueOfAnyResponse(t *testing.T) {
	seen := map[string]bool{}
	var mu sync.Mutex
	_, r, err := run{live: true, twist: func(next http.RoundTripper) http.RoundTripper {
		return &twist{next: next, response: func(r *reply) {
			mu.Lock()
			defer mu.Unlock()
			values(r.body, func(text string) { seen[text] = true })
			seen[r.Header.Get("X-Request-Id")] = true
			seen[r.Request.Host] = true
			for segment := range strings.SplitSeq(r.path, "/") {
				if strings.ContainsAny(segment, "0123456789") {
					seen[segment] = true // an ID
				}
			}
			seen[strings.TrimPrefix(r.Request.Header.Get("Authorization"), "Bearer ")] = true
		}}
	}}.probe(t)
	require.NoError(t, err)
	empty, err := newProbe("https://paperspace.test/v1", nil, io.Discard, paperspace.WithAPIKey("key"))
	require.NoError(t, err)
	own := published(t, empty.report(time.Now())) // the words of every report
	text, known, checked := published(t, r), constants(), 0
	for value := range seen {
		if len(value) < 4 || known[value] || strings.Contains(own, value) {
			continue
		}
		checked++
		assert.False(t, strings.Contains(text, value), "the report has the value %q", value)
	}
	assert.Greater(t, checked, 200)
}

// hostile puts marks wherever a service can put a value or a name.
func hostile(r *reply) {
	const mark = "zqMARKED"
	if o, ok := r.body.(object); ok {
		o[mark] = object{mark: mark}
		o[mark+" with spaces"] = mark
		if r.StatusCode/100 == 4 {
			o["code"], o["message"] = mark, mark
			o["issues"] = []any{object{"message": mark, mark: mark, "path": []any{mark}}}
		}
	}
	for _, o := range r.objects() {
		for i, name := range []string{"state", "region", "dtCreated", "publicIpType", "cpus", "ram", "os"} {
			if _, ok := o[name]; ok && len(r.path)%7 == i && r.path != "/projects" { // whose names the cleanup needs
				o[name] = mark
			}
		}
		o["unknown-"+mark] = []any{mark}
	}
	for _, name := range []string{
		"X-Request-Id", "Server", "Cf-Ray", "Retry-After", "Location", "X-Ratelimit-" + mark, mark, "Content-Encoding-" + mark,
	} {
		r.Header.Set(name, mark)
	}
	r.Header.Set("Content-Type", "application/"+mark)
}

func TestReportOfAHostileServiceHasNoMark(t *testing.T) {
	marked := regexp.MustCompile(`(?i)marked`)
	for _, r := range []run{replies(hostile), live(replies(hostile))} {
		_, report, _ := r.probe(t)
		text := published(t, report)
		assert.Empty(t, marked.FindAllString(text, -1))
		assert.Contains(t, text, "(a name that is not shown)")
		assert.Contains(t, text, "another rate limit header")
		assert.Contains(t, text, "another code")
	}
}
