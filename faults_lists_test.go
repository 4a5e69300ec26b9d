package paperspace

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pagesOf returns three pages of a list by cursor. All items differ.
func (c *faultyCase) pagesOf(t *testing.T) map[string][]byte {
	items := c.op.Response.Field("items")
	pages := map[string][]byte{}
	next := ""
	var rows []any
	maker{}.eachChoice(items.Schema, func(value any) { rows = append(rows, value.([]any)...) })
	for len(rows) < 6 { // another pass makes other values
		more := maker{n: 1000 * len(rows)}
		more.eachChoice(items.Schema, func(value any) { rows = append(rows, value.([]any)...) })
	}
	for i, cursor := range []string{"", "second", "third"} {
		page := map[string]any{"items": rows[2*i : 2*i+2], "hasMore": i < 2}
		if next = map[string]string{"": "second", "second": "third"}[cursor]; next != "" {
			page["nextPage"] = next
		}
		pages[cursor] = toJSON(t, page)
	}
	return pages
}

// collectAll returns the items that the All method yields.
func (c *faultyCase) collectAll(t *testing.T, client *Client) (items []string, err error) {
	for item, e := range c.invoke(t.Context(), client, c.All, c.keys(), c.params)[0].Seq2() {
		if !e.IsNil() {
			return items, e.Interface().(error)
		}
		items = append(items, string(toJSON(t, encodeUnmasked(t, item.Interface()))))
	}
	return items, nil
}

// Every list meets every fault at its second page. An iterator neither loses nor repeats an item: it yields all items,
// or those of the first page and then an error.
func TestListsUnderFaults(t *testing.T) {
	lists, iterations := 0, 0
	for _, c := range faultyCases(t) {
		if c.All == "" {
			continue
		}
		lists++
		t.Run(c.op.ID, func(t *testing.T) {
			pages := c.pagesOf(t)
			response := func(r *http.Request) []byte { return pages[r.URL.Query().Get("after")] }
			var want []string
			synctest.Test(t, func(t *testing.T) {
				s, client := newFaultyService(t, new(fault), 0, false, response)
				defer s.close(client)
				var err error
				want, err = c.collectAll(t, client)
				require.NoError(t, err)
				distinct := map[string]bool{}
				for _, item := range want {
					distinct[item] = true
				}
				assert.Len(t, distinct, 6)
				synctest.Wait()
			})
			synctest.Test(t, func(t *testing.T) {
				for _, f := range faults {
					if f.kept && f.serves == nil || strings.Contains(f.name, "redirect to the same host") {
						continue // nothing closes idle connections here, and the redirect leads to another page
					}
					iterations++
					f.kept = false
					s, client := newFaultyService(t, &f, 1, false, response)
					if s.skip = 1; f.net == closing || f.net == closingTLS || f.net == refusing || f.net == unresolved {
						s.skip = 0 // all pages share one connection, so it fails at the first
					}
					got, err := c.collectAll(t, client)
					s.close(client)
					switch {
					case f.net == untrusted || f.net == plainHTTP:
						assert.Error(t, err, f.name)
						assert.Empty(t, got, f.name)
					case f.attempts[0] > 1 || f.ends[0] == ok:
						assert.NoError(t, err, f.name)
						assert.Equal(t, want, got, f.name)
					default:
						assert.Error(t, err, f.name)
						assert.Equal(t, want[:2], got, f.name)
					}
				}
			})
		})
	}
	assert.Equal(t, countLists(), lists)
	t.Logf("%d lists, %d iterations", lists, iterations)
	assertStated(t, "no list loses or repeats an item in %s iterations", iterations)
}

// Every lookup by name meets every fault, once and always. It never returns ErrNotFound for an object that exists, and
// never succeeds without it.
func TestGetByNameUnderFaults(t *testing.T) {
	page := []byte(`{"items":[{"id":"1","name":"web-2"},{"id":"2","name":"web"}],"hasMore":false}`)
	for service, lookup := range lookups() {
		t.Run(service, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, f := range faults {
					for _, times := range []int{1, -1} {
						if f.kept {
							continue // nothing keeps connections here
						}
						s, client := newFaultyService(t, &f, times, false, func(*http.Request) []byte { return page })
						id, err := lookup(t.Context(), client, "web")
						s.close(client)
						succeeds := f.ends[0] == ok || times == 1 && f.attempts[0] > 1
						assert.Equal(t, succeeds, err == nil, "%s, %d times: %v", f.name, times, err)
						assert.Equal(t, succeeds, id == "2", "%s, %d times: found %q", f.name, times, id)
						assert.NotErrorIs(t, err, ErrNotFound, "%s, %d times", f.name, times)
					}
				}
			})
		})
	}
}
