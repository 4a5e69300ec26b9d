package paperspace

import (
	"errors"
	"iter"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAll(t *testing.T) {
	for _, tc := range []struct {
		name     string
		pages    pages
		want     string
		err      string
		requests int
	}{
		{"one page", pages{"": {items: "a b"}}, "a b", "", 1},
		{"nothing", pages{"": {}}, "", "", 1},
		{"three pages", pages{"": {"a b", "2", true}, "2": {"c", "3", true}, "3": {"d", "", false}}, "a b c d", "", 3},
		{"empty pages", pages{"": {"", "2", true}, "2": {"", "3", true}, "3": {"d", "", false}}, "d", "", 3},
		{"repeated items", pages{"": {"a a", "2", true}, "2": {"a", "", false}}, "a a a", "", 2},
		{"a cursor after the end", pages{"": {"a", "2", false}}, "a", "", 1},
		{"missing cursor", pages{"": {"a", "", true}}, "a", "no cursor", 1},
		{"repeated cursor", pages{"": {"a", "2", true}, "2": {"b", "2", true}}, "a b", "cursor of an earlier page", 2},
		{"cursors in a ring", pages{"": {"a", "2", true}, "2": {"b", "3", true}, "3": {"c", "2", true}}, "a b c", "cursor of an earlier page", 3},
		{"failed page", pages{"": {"a", "x", true}}, "a", "no such cursor", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rt := play(tc.pages.step)
			params, all := MachineListParams{Name: "n"}, newTestClient(t, rt).Machines.All
			one, two := all(t.Context(), params), all(t.Context(), params, WithPrefetch())
			assert.Zero(t, rt.count(), "requests before the loop")
			for _, seq := range []iter.Seq2[Machine, error]{one, one, two, two} { // the second loop starts again
				before := rt.count()
				machines, err := Collect(seq)
				assert.Equal(t, tc.want, ids(machines))
				if tc.err == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, tc.err)
				}
				assert.Equal(t, tc.requests, rt.count()-before)
			}
			assert.Equal(t, MachineListParams{Name: "n"}, params)
			for _, r := range rt.requests {
				assert.Equal(t, "120", r.URL.Query().Get("limit"))
				assert.Equal(t, "n", r.URL.Query().Get("name"))
			}
		})
	}
}

func TestAllIsLazy(t *testing.T) {
	rt := play(pages{"": {"a b", "2", true}, "2": {"c", "", false}}.step)
	c := newTestClient(t, rt)
	for m, err := range c.Machines.All(t.Context(), MachineListParams{}) {
		require.NoError(t, err)
		if m.ID == "b" {
			break
		}
	}
	assert.Equal(t, 1, rt.count(), "no page is fetched after the loop ends")
}

func TestAllFromACursor(t *testing.T) {
	rt := play(pages{"2": {"c", "3", true}, "3": {"d", "2", true}}.step)
	machines, err := Collect(newTestClient(t, rt).Machines.All(t.Context(), MachineListParams{ListParams: ListParams{After: "2", Limit: 7}}))
	require.ErrorContains(t, err, "cursor of an earlier page")
	assert.Equal(t, "c d", ids(machines))
	assert.Equal(t, "7", rt.requests[0].URL.Query().Get("limit"))
}

func TestAllAppliesOptionsToEachPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(pages{"": {"a", "2", true}, "2": {"b", "", false}}.step)
		var last Response
		_, err := Collect(newTestClient(t, rt).Machines.All(t.Context(), MachineListParams{}, WithHeader("X-A", "b"), WithResponse(&last)))
		require.NoError(t, err)
		for _, r := range rt.requests {
			assert.Equal(t, "b", r.Header.Get("X-A"))
		}
		assert.Contains(t, string(last.Body), `"b"`)
	})
}

func TestListParams(t *testing.T) {
	rt := play(reply(200, `{"items":null,"hasMore":true,"nextPage":null}`))
	page, err := newTestClient(t, rt).Machines.List(t.Context(), MachineListParams{
		ListParams: ListParams{After: "c", Limit: 5, OrderBy: OrderByName, Order: OrderAsc}, Region: "NY2", AgentType: "L", MachineType: "C5",
	})
	require.NoError(t, err)
	assert.Equal(t, &Page[Machine]{HasMore: true}, page)
	assert.Equal(t, "after=c&agentType=L&limit=5&machineType=C5&order=asc&orderBy=name&region=ny2", rt.requests[0].URL.RawQuery)
}

// A list must not end early without an error: what is missing from it could be created again.
func TestCursorWithoutHasMore(t *testing.T) {
	for hasMore, want := range map[string]string{
		``: "a b", `,"hasMore":null`: "a b", `,"hasMore":true`: "a b", `,"hasMore":false`: "a", `,"hasMore":"false"`: "a",
	} {
		rt := play(reply(200, `{"items":[{"id":"a"}],"nextPage":"2"`+hasMore+`}`), reply(200, `{"items":[{"id":"b"}]}`))
		machines, err := Collect(newTestClient(t, rt).Machines.All(t.Context(), MachineListParams{}))
		require.NoError(t, err, hasMore)
		assert.Equal(t, want, ids(machines), hasMore)
	}
}

func TestCollectReturnsTheItemsBeforeAnError(t *testing.T) {
	boom := errors.New("boom")
	items, err := Collect(func(yield func(int, error) bool) { _ = yield(1, nil) && yield(0, boom) })
	require.ErrorIs(t, err, boom)
	assert.Equal(t, []int{1}, items)
}
