package paperspace

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"
)

const (
	// logMemory is how many lines FollowLogs remembers, so that it yields none twice.
	logMemory = 50 * maxLimit
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
// The API cannot list what is new, so the newest page is read again and again, as often as [WithPollInterval] says, and
// the pages behind it back to a line that was yielded before. So a line that the service
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
		f := logFollower{fromStart: params.FromStart, known: map[string]bool{}}
		logs := target{kind: &targetKind{read: f.readPage}, id: id}
		w.start(logs)
		for shortest, _ := s.client.pollRange(); ; {
			_, r, err := w.next()
			switch {
			case err != nil:
				yield(LogLine{}, w.broken(err, w.pending(logs)))
				return
			case w.refused(r):
				yield(LogLine{}, w.broken(r.err, w.pending(logs)))
				return
			case r.err != nil:
				continue
			}
			lines := f.take(r.value.(*Page[LogLine]))
			w.states[logs] = fmt.Sprintf("%d lines", f.count)
			for _, line := range lines {
				if !yield(line, nil) {
					return
				}
			}
			if f.cursor != "" {
				w.restart(logs, 0)
			} else if len(lines) > 0 {
				w.restart(logs, shortest)
			}
		}
	}
}

var logsKind = waitKind{endless: true, unused: []string{"WithSilentErrorsAsDone", "WithOnChange"}}

// logFollower knows which lines were yielded.
type logFollower struct {
	fromStart bool
	begun     bool
	floor     time.Time // what is older came before the first line
	cursor    string    // of the next page: from the start until all were read, then back from the newest
	fresh     []LogLine // newest first, of a way back that is not at its end yet
	back      int       // how many pages that has taken
	count     int       // of the lines that were yielded
	known     map[string]bool
	order     []string // of known, oldest first
}

// readPage reads the page at the cursor.
func (f *logFollower) readPage(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
	params := ListParams{After: f.cursor, Limit: maxLimit, OrderBy: OrderByCreatedAt, Order: OrderDesc}
	if f.fromStart && !f.begun {
		params.Order = OrderAsc
	}
	return c.Deployments.ListLogs(ctx, id, DeploymentLogListParams{ListParams: params}, opts...)
}

// take returns the lines to yield after a page, in their order: of the way back from the newest line there are none
// until it has reached what was yielded before.
func (f *logFollower) take(page *Page[LogLine]) []LogLine {
	last := nextPage(page) == "" || page.NextPage == f.cursor
	f.cursor = page.NextPage
	if last {
		f.cursor = ""
	}
	if f.fromStart && !f.begun {
		f.begun = last
		return f.remember(page.Items)
	}
	reached := false
	for _, line := range page.Items {
		if reached = f.known[logKey(line)] || line.CreatedAt.Before(f.floor); !reached {
			f.fresh = append(f.fresh, line)
		}
	}
	f.back++
	if !last && !reached && (f.begun || len(f.fresh) == 0) && f.back < logBurst {
		return nil
	}
	lines := f.fresh
	f.fresh, f.cursor, f.back = nil, "", 0
	slices.Reverse(lines)
	if !f.begun && len(lines) > 0 {
		f.floor = lines[0].CreatedAt
	}
	f.begun = true
	return f.remember(lines)
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
