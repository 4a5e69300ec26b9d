package paperspace

import (
	"context"
	"errors"
	"fmt"
	"iter"
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
	// HasMore tells whether there is another page.
	HasMore bool `json:"hasMore"`
	// NextPage is the cursor of the next page, for [ListParams.After].
	NextPage string `json:"nextPage,omitzero"`
}

// Format prints the page as %v does, whatever the verb.
func (p Page[T]) Format(f fmt.State, _ rune) {
	formatAsV(f, struct {
		Items    []T
		HasMore  bool
		NextPage string
	}(p))
}

func (*Page[T]) envelope() {}

// Errors of a list whose cursors cannot be followed. The items before them are good.
var (
	errNoCursor       = errors.New("paperspace: the service says that there are more pages, and not where")
	errRepeatedCursor = errors.New("paperspace: the service repeats the cursor of an earlier page")
)

// all walks a list from the params' cursor to its end. It asks for a page when the consumer has come to it, and keeps
// no more than that page.
func all[T, P any, PP interface {
	*P
	list() *ListParams
}](ctx context.Context, c *Client, op *operation, path []string, params P, opts []RequestOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		params := params // each walk has cursors of its own
		lp := PP(&params).list()
		if lp.Limit == 0 {
			lp.Limit = maxLimit
		}
		seen := map[string]bool{lp.After: true}
		for {
			page, err := call[Page[T]](ctx, c, op, path, params, opts)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			switch next := page.NextPage; {
			case !page.HasMore:
				return
			case next == "":
				yield(none, errNoCursor)
				return
			case seen[next]:
				yield(none, errRepeatedCursor)
				return
			default:
				seen[next] = true
				lp.After = next
			}
		}
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
