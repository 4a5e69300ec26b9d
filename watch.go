package paperspace

import (
	"context"
	"iter"
	"time"
)

var watchKind = waitKind{endless: true, unused: []string{"WithSilentErrorsAsDone"}}

// watch yields the target as it is now, and then at every change that a poll sees. The function takes what it is from
// the news, and its state.
func watch[T any](
	ctx context.Context, c *Client, ep *endpoint, t target, opts []WaitOption, of func(news) (value *T, state string),
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		w, err := newWait(ctx, c, ep, watchKind, opts)
		if err != nil {
			yield(none, err)
			return
		}
		defer w.end()
		w.want(t, time.Time{})
		for {
			inbox, err := w.next()
			n := inbox[t]
			switch {
			case err != nil:
				yield(none, w.broken(err, t))
				return
			case n.err != nil:
				if w.refused(t, n.err) {
					yield(none, w.broken(n.err, t))
					return
				}
			default:
				delete(w.absent, t)
				value, state := of(n)
				w.states[t.id] = state
				w.config.onChange(WaitUpdate{Machine: clone(n.machine), Deployment: clone(n.deployment)})
				if !yield(*clone(value), nil) {
					return
				}
			}
		}
	}
}
