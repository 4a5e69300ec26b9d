package paperspace

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	// logMemory is how many lines FollowLogs remembers, to know them again.
	logMemory = 50 * maxLimit
	// logPages is how many pages FollowLogs reads before it rests.
	logPages = 50
	// logBurst is how many pages FollowLogs goes back at most from the newest line to those it has yielded, since it
	// has to hold what is on them.
	logBurst = 1000
)

// FollowLogsParams say where [DeploymentsService.FollowLogs] begins.
type FollowLogsParams struct {
	// FromStart begins with the oldest line that there is, instead of the newest 120 lines.
	FromStart bool
}

// FollowLogs yields the newest 120 lines of a deployment's logs, or all lines from the start, and then each line that is
// added, once and in order. It goes on until the context ends or the service refuses to answer, which is then yielded
// as an error; it has no time limit of its own.
//
// The API has no way to ask for what is new, so the newest page is read again and again, as often as
// [WithPollInterval] says, and the pages behind it back to a line that was yielded before. So a line that the service
// shows late is yielded when it is seen, but it is not seen where 120 newer ones were yielded already. Where more than
// 120,000 lines are added between two reads, which it has to hold until it has read back to the oldest, the oldest of
// them are left out.
//
// Calls deploymentLogs-list.
func (s *DeploymentsService) FollowLogs(ctx context.Context, id string, params FollowLogsParams, opts ...WaitOption) iter.Seq2[LogLine, error] {
	return func(yield func(LogLine, error) bool) {
		_, err := deploymentLogsList.expand(pathParams(id))
		if err != nil {
			yield(LogLine{}, err)
			return
		}
		w, err := newWait(ctx, s.client, deploymentLogsList, logsKind, opts)
		if err != nil {
			yield(LogLine{}, err)
			return
		}
		defer w.end()
		f := logFollower{wait: w, id: id, fromStart: params.FromStart, known: map[string]bool{}}
		shortest, longest := s.client.pollRange()
		for interval := shortest; ; {
			lines, err := f.read()
			for _, line := range lines {
				if !yield(line, nil) {
					return
				}
			}
			if err != nil {
				yield(LogLine{}, err)
				return
			}
			if !f.begun && len(lines) > 0 {
				continue // there is more from the start
			}
			if interval = min(interval+interval/2, longest); len(lines) > 0 || f.cursor != "" {
				interval = shortest
			}
			if err := sleep(w.ctx, max(f.pause, interval-rand.N(interval/5+1))); err != nil {
				yield(LogLine{}, w.broken(err, f.target()))
				return
			}
		}
	}
}

var logsKind = waitKind{endless: true, unused: []string{"WithSilentErrorsAsDone", "WithOnChange"}}

// logFollower knows which lines were yielded.
type logFollower struct {
	*wait
	id        string
	fromStart bool
	begun     bool
	floor     time.Time // what is older came before the first line
	cursor    string    // of the next page: from the start until all were read, then back from the newest
	fresh     []LogLine // newest first, of a way back that is not at its end yet
	back      int       // how many pages that has taken
	count     int       // of the lines that were yielded
	known     map[string]bool
	order     []string // of known, oldest first
	pause     time.Duration
}

func (f *logFollower) target() target { return target{id: f.id} }

// read returns the lines that are new, in their order. An error ends the following; what cannot be read now is read
// next time, from where that was.
func (f *logFollower) read() ([]LogLine, error) {
	if f.fromStart && !f.begun {
		return f.readForward()
	}
	for range logPages {
		page, err := f.page(OrderDesc)
		if page == nil {
			return nil, err
		}
		reached := false // what was seen before
		for _, line := range page.Items {
			if reached = f.known[logKey(line)] || line.CreatedAt.Before(f.floor); !reached {
				f.fresh = append(f.fresh, line)
			}
		}
		f.back++
		reached = reached || !f.begun && len(f.fresh) > 0 // the newest page, to begin with
		if reached || !page.HasMore || page.NextPage == "" || page.NextPage == f.cursor || f.back == logBurst {
			return f.arrive(), nil
		}
		f.cursor = page.NextPage
	}
	return nil, nil
}

// arrive ends a way back, and returns its lines in their order.
func (f *logFollower) arrive() []LogLine {
	lines := f.fresh
	f.fresh, f.cursor, f.back = nil, "", 0
	slices.Reverse(lines)
	if !f.begun && len(lines) > 0 {
		f.floor = lines[0].CreatedAt
	}
	f.begun = true
	return f.remember(lines)
}

// readForward reads the next page from the start.
func (f *logFollower) readForward() ([]LogLine, error) {
	page, err := f.page(OrderAsc)
	if page == nil {
		return nil, err
	}
	if f.begun = !page.HasMore || page.NextPage == "" || page.NextPage == f.cursor; f.begun {
		page.NextPage = ""
	}
	f.cursor = page.NextPage
	return f.remember(page.Items), nil
}

// page reads the page at the cursor. It is nil if that failed, and the error too if it can be tried again.
func (f *logFollower) page(order Order) (*Page[LogLine], error) {
	f.pause = 0
	params := ListParams{After: f.cursor, Limit: maxLimit, OrderBy: OrderByCreatedAt, Order: order}
	page, err := f.client.Deployments.ListLogs(f.ctx, f.id, DeploymentLogListParams{ListParams: params}, f.client.once(f.client.policy.AttemptTimeout))
	switch {
	case err == nil:
		delete(f.absent, f.target())
		return page, nil
	case f.ctx.Err() != nil || endsAllWaits(err) || isLastWord(err) && f.refused(f.target(), err):
		return nil, f.broken(err, f.target())
	}
	f.pause = f.client.wantsPause(err)
	return nil, nil
}

// remember returns the lines that were not seen before.
func (f *logFollower) remember(lines []LogLine) (fresh []LogLine) {
	for _, line := range lines {
		if key := logKey(line); !f.known[key] {
			f.known[key] = true
			f.order = append(f.order, key)
			fresh = append(fresh, line)
		}
	}
	f.count += len(fresh)
	f.states[f.id] = fmt.Sprintf("%d lines", f.count)
	for ; len(f.order) > logMemory; f.order = f.order[1:] {
		delete(f.known, f.order[0])
	}
	return fresh
}

func logKey(line LogLine) string {
	if line.ID != "" {
		return line.ID
	}
	return line.UUID + line.InstanceID + line.CreatedAt.String() + line.Message
}
