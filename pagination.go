package paperspace

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

const maxLimit = 120

// ListParams are the parameters that all lists have.
type ListParams struct {
	// After is the cursor to start from: the [Page.NextPage] of an earlier page.
	After string `url:"after,omitempty"`
	// Limit is the number of items per page, from 1 to 120. Zero means the service's default, and 120 in the All methods.
	Limit int `url:"limit,omitempty" check:"min=1,max=120"`
	// OrderBy is the field to sort by. Lists support only [OrderByCreatedAt] unless their doc names others.
	OrderBy OrderBy `url:"orderBy,omitempty"`
	// Order is the sort order; descending by default.
	Order Order `url:"order,omitempty"`
}

func (p *ListParams) list() *ListParams { return p }

// OrderBy is a field to sort a list by.
type OrderBy string

// The fields to sort lists by.
const (
	OrderByCreatedAt   OrderBy = "dtCreated"
	OrderByName        OrderBy = "name"
	OrderByState       OrderBy = "state"
	OrderByID          OrderBy = "id"
	OrderByConfirmedAt OrderBy = "dtConfirmed"
)

// Known reports whether the API documents the value.
func (o OrderBy) Known() bool {
	switch o {
	case OrderByCreatedAt, OrderByName, OrderByState, OrderByID, OrderByConfirmedAt:
		return true
	}
	return false
}

// Order is the sort order of a list.
type Order string

// The sort orders.
const (
	OrderAsc  Order = "asc"
	OrderDesc Order = "desc"
)

// Known reports whether the API documents the value.
func (o Order) Known() bool { return o == OrderAsc || o == OrderDesc }

// Page is one page of a list.
type Page[T any] struct {
	// Items are the items of the page. A page can be empty although there are more pages.
	Items []T `json:"items"`
	// HasMore reports whether there are more pages.
	HasMore bool `json:"hasMore"`
	// NextPage is the cursor of the next page, for [ListParams.After].
	NextPage string `json:"nextPage,omitzero"`
}

func (p *Page[T]) isEmpty() bool { return len(p.Items) == 0 && !p.HasMore && p.NextPage == "" }

// complete sets HasMore if the response has a cursor and no hasMore, so that a list does not end early without an error.
func (p *Page[T]) complete(body []byte) {
	var members map[string]jsontext.Value
	if p.NextPage != "" && !p.HasMore && unmarshal(body, &members) == nil { // the service's last pages have no cursor
		hasMore := members["hasMore"]
		p.HasMore = len(hasMore) == 0 || hasMore.Kind() == 'n'
	}
}

// reserve allocates room for the items of a response of that many bytes, in no more memory than the response takes.
func (p *Page[T]) reserve(size int) {
	p.Items = slices.Grow(p.Items, min(size/max(1, int(reflect.TypeFor[T]().Size())), maxLimit))
}

// next returns the cursor of the next page, or "" at the end.
func (p *Page[T]) next(seen map[string]bool) (string, error) {
	switch {
	case !p.HasMore:
		return "", nil
	case p.NextPage == "":
		return "", errNoCursor
	case seen[p.NextPage]:
		return "", errRepeatedCursor
	}
	seen[p.NextPage] = true
	return p.NextPage, nil
}

// Errors of a list with an invalid cursor. The items before them are valid.
var (
	errNoCursor       = errors.New("paperspace: the service reports more pages but returned no cursor")
	errRepeatedCursor = errors.New("paperspace: the service returned the cursor of an earlier page again")
)

// WithPrefetch makes an All method fetch the next page while the consumer processes the current one, and no further
// page. It is an error with other methods, and together with [WithResponse].
func WithPrefetch() RequestOption {
	return requestOption(func(c *requestConfig) error {
		c.prefetch = true
		return nil
	})
}

// all iterates over a list from the params' cursor to its end. It fetches a page when the consumer reaches it, or with
// [WithPrefetch] when the consumer reaches the page before it, and keeps no other page.
func all[T, P any, PP interface {
	*P
	list() *ListParams
}](ctx context.Context, c *Client, ep *endpoint, path []string, params P, opts []RequestOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		params := params // each iteration has its own cursor
		lp := PP(&params).list()
		if lp.Limit == 0 {
			lp.Limit = maxLimit
		}
		fetch := func(ctx context.Context, page *Page[T]) error {
			r, err := ep.request(path, &params, opts)
			if err != nil {
				return err
			}
			r.options.prefetch = false
			*page = Page[T]{Items: page.Items[:0]} // the consumer has copies of the items
			r.into = destination{out: page, decode: decodeResponse}
			return c.do(ctx, r)
		}
		config, _ := ep.configure(opts) // fetching the first page returns the error
		page, spare := new(Page[T]), new(Page[T])
		var next *prefetch
		defer func() { next.stop() }()
		seen := map[string]bool{lp.After: true}
		for {
			var err error
			if next == nil {
				err = fetch(ctx, page)
			} else {
				err = next.wait()
				page, spare = spare, page
			}
			if err != nil {
				yield(none, err)
				return
			}
			lp.After, err = page.next(seen)
			if config.prefetch && lp.After != "" {
				next = startPrefetch(ctx, func(ctx context.Context) error { return fetch(ctx, spare) })
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if err != nil {
				yield(none, err)
			}
			if lp.After == "" {
				return
			}
		}
	}
}

// prefetch is a page that is being fetched while the consumer processes the page before it.
type prefetch struct {
	cancel   context.CancelFunc
	done     chan struct{}
	err      error
	panicked any
}

func startPrefetch(ctx context.Context, fetch func(context.Context) error) *prefetch {
	ctx, cancel := context.WithCancel(ctx)
	p := &prefetch{cancel: cancel, done: make(chan struct{}), err: errPanicked} // unless fetch returns
	go func() {
		defer close(p.done)
		defer func() { p.panicked = recover() }()
		p.err = fetch(ctx)
	}()
	return p
}

// wait returns when the page is fetched. If the fetch panicked, wait panics in the consumer's goroutine, as the fetch
// would have done without prefetching.
func (p *prefetch) wait() error {
	<-p.done
	p.cancel()
	if p.panicked != nil {
		panic(p.panicked)
	}
	return p.err
}

// stop cancels the fetch of a page that the consumer does not need, and waits for its goroutine to end.
func (p *prefetch) stop() {
	if p != nil {
		p.cancel()
		<-p.done
	}
}

// Collect returns the items that an All method yields. On an error it also returns the items before it.
func Collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var items []T
	for item, err := range seq {
		if err != nil {
			return items, err
		}
		items = append(items, item)
	}
	return items, nil
}
