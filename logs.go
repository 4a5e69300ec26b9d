package paperspace

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"
)

const (
	// logMemory is how many lines FollowLogs remembers, so as not to yield them again.
	logMemory = 50 * maxLimit
	// logBurst is how many pages FollowLogs reads back at most, from the newest line to the lines that it has yielded. It
	// keeps their lines in memory.
	logBurst = 1000
)

// FollowLogsParams configure [DeploymentsService.FollowLogs].
type FollowLogsParams struct {
	// FromStart begins with the oldest line, instead of the newest 120 lines.
	FromStart bool
}

// FollowLogs yields the newest 120 lines of a deployment's logs, or all lines from the start, and then each new line,
// once and in order. It has no default time limit. It ends with an error when the context ends or the API refuses a
// poll.
//
// The API cannot list new lines only. So FollowLogs reads the newest page at the intervals of [WithPollInterval], and
// the pages before it back to a line that it has yielded. A line that the service lists late is yielded, unless 120
// newer lines were yielded before. If more than 120,000 lines are added between two polls, the oldest of them are
// missing.
//
// Calls deploymentLogs-list.
func (s *DeploymentsService) FollowLogs(ctx context.Context, id string, params FollowLogsParams, opts ...WaitOption) iter.Seq2[LogLine, error] {
	begin := func() (*wait, error) {
		return newWait(ctx, s.client, deploymentLogsList, pathParams(id), logsKind, opts)
	}
	return watch(begin, func(w *wait, yield func(LogLine, error) bool) (none LogLine, err error) {
		f := logFollower{fromStart: params.FromStart, known: map[string]bool{}}
		logs := target{kind: &targetKind{read: f.readPage}, id: id}
		w.start(logs)
		for shortest, _ := s.client.pollRange(); ; {
			_, r, err := w.nextFor(logs)
			if err != nil {
				return none, err
			}
			lines := f.take(r.value.(*Page[LogLine]))
			w.states[logs] = fmt.Sprintf("%d lines", f.count)
			for _, line := range lines {
				if !yield(line, nil) {
					return none, nil
				}
			}
			if f.cursor != "" {
				w.restart(logs, 0)
			} else if len(lines) > 0 {
				w.restart(logs, shortest)
			}
		}
	})
}

var logsKind = waitKind{endless: true, options: []string{"WithNotFoundGrace"}}

// logFollower keeps track of the lines that were yielded. It reads forward from the start, if it is to, until it has
// read all lines, and then again and again back from the newest line.
type logFollower struct {
	fromStart bool
	begun     bool            // it reads back from the newest line
	floor     time.Time       // older lines came before the first
	cursor    string          // of the next page
	fresh     []LogLine       // the new lines on the way back so far, newest first
	back      int             // the pages on the way back so far
	count     int             // the lines that were yielded
	known     map[string]bool // the last of these
	order     []string        // the keys of known, oldest first
}

// readPage reads the page at the cursor.
func (f *logFollower) readPage(ctx context.Context, c *Client, id string, opts ...RequestOption) (any, error) {
	params := ListParams{After: f.cursor, Limit: maxLimit, OrderBy: OrderByCreatedAt, Order: OrderDesc}
	if f.fromStart && !f.begun {
		params.Order = OrderAsc
	}
	return c.Deployments.ListLogs(ctx, id, DeploymentLogListParams{ListParams: params}, opts...)
}

// take records a page and returns the lines to yield, in order. On the way back there are none before its end.
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

// remember returns the lines that were not yielded before.
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
