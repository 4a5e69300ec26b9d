package paperspace

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"slices"
)

const maxLimit = 120

// ListParams are what all lists take.
type ListParams struct {
	// After is the cursor to go on from: the [Page.NextPage] of an earlier page.
	After string `url:"after,omitempty"`
	// Limit is the number of items a page, from 1 to 120. Zero leaves it to the service; the All methods then ask
	// for 120.
	Limit int `url:"limit,omitempty" check:"min=1,max=120"`
	// OrderBy is the field that decides the order. Most lists know only [OrderByCreatedAt]; what else a list knows
	// stands in its doc.
	OrderBy OrderBy `url:"orderBy,omitempty"`
	// Order is the direction, descending unless set.
	Order Order `url:"order,omitempty"`
}

func (p *ListParams) list() *ListParams { return p }

// OrderBy is the field that a list is ordered by.
type OrderBy string

// The fields that lists can be ordered by.
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

// Order is the direction of a list.
type Order string

// The directions of a list.
const (
	OrderAsc  Order = "asc"
	OrderDesc Order = "desc"
)

// Known reports whether the API documents the value.
func (o Order) Known() bool { return o == OrderAsc || o == OrderDesc }

// Page is one page of a list.
type Page[T any] struct {
	// Items are the page's items; there may be none although there are more pages.
	Items []T `json:"items"`
	// HasMore reports whether there is another page.
	HasMore bool `json:"hasMore"`
	// NextPage is the cursor of the next page, for [ListParams.After].
	NextPage string `json:"nextPage,omitzero"`
}

func (p *Page[T]) isEmpty() bool { return len(p.Items) == 0 && !p.HasMore && p.NextPage == "" }

// reserve makes room for the items of an answer of that many bytes, and takes no more memory than it has.
func (p *Page[T]) reserve(bytes int) {
	p.Items = slices.Grow(p.Items, min(bytes/max(1, int(reflect.TypeFor[T]().Size())), maxLimit))
}

// next returns the cursor of the next page; "" at the end.
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

// Errors of a list whose cursors cannot be followed. The items before them are good.
var (
	errNoCursor       = errors.New("paperspace: the service says that there are more pages, and not where")
	errRepeatedCursor = errors.New("paperspace: the service repeats the cursor of an earlier page")
)

// WithPrefetch has an All method fetch the next page while the consumer is busy with the one before it: one page ahead,
// and no further. Other methods refuse it, and so does a walk with [WithResponse].
func WithPrefetch() RequestOption {
	return requestOption(func(c *requestConfig) error {
		c.prefetch = true
		return nil
	})
}

// all walks a list from the params' cursor to its end. It asks for a page when the consumer has come to it, or with
// [WithPrefetch] to the one before it, and keeps no other pages.
func all[T, P any, PP interface {
	*P
	list() *ListParams
}](ctx context.Context, c *Client, ep *endpoint, path []string, params P, opts []RequestOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		params := params // each walk has cursors of its own
		lp := PP(&params).list()
		if lp.Limit == 0 {
			lp.Limit = maxLimit
		}
		fetch := func(ctx context.Context, page *Page[T]) error {
			r, err := ep.request(path, params, opts)
			if err != nil {
				return err
			}
			r.options.prefetch = false
			*page = Page[T]{Items: page.Items[:0]} // the consumer got copies of what was in it
			return c.do(ctx, r, func(body []byte) error { return ep.read(body, page) })
		}
		config, _ := ep.configure(opts) // the first page tells what is wrong with them
		page, spare := new(Page[T]), new(Page[T])
		var coming *prefetch
		defer func() { coming.stop() }()
		seen := map[string]bool{lp.After: true}
		for {
			var err error
			if coming == nil {
				err = fetch(ctx, page)
			} else {
				err = coming.wait()
				page, spare = spare, page
			}
			if err != nil {
				yield(none, err)
				return
			}
			lp.After, err = page.next(seen)
			if config.prefetch && lp.After != "" {
				coming = startPrefetch(ctx, func(ctx context.Context) error { return fetch(ctx, spare) })
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

// prefetch is a page on its way while the consumer is busy with the one before it.
type prefetch struct {
	cancel   context.CancelFunc
	done     chan struct{}
	err      error
	panicked any
}

func startPrefetch(ctx context.Context, fetch func(context.Context) error) *prefetch {
	ctx, cancel := context.WithCancel(ctx)
	p := &prefetch{cancel: cancel, done: make(chan struct{}), err: errPanicked} // unless it returns
	go func() {
		defer close(p.done)
		defer func() { p.panicked = recover() }()
		p.err = fetch(ctx)
	}()
	return p
}

// wait returns when the page is there. What panicked on the way panics in the consumer's goroutine, as it would have
// without the prefetch.
func (p *prefetch) wait() error {
	<-p.done
	p.cancel()
	if p.panicked != nil {
		panic(p.panicked)
	}
	return p.err
}

// stop ends what the consumer does not want any more.
func (p *prefetch) stop() {
	if p != nil {
		p.cancel()
		<-p.done
	}
}

// Collect gathers what an All method yields. After an error it returns the items before it as well.
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
