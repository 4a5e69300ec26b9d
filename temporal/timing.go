package paperspacetemporal

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/paperspace-go/paperspace"
)

// Timing determines how long things may take. A zero field means the default. A field under 100 ms is refused, because
// it is more likely a number of seconds than a duration: write 2*time.Minute, not 120.
//
// Ready, Gone and Settle/2 count from when the service took a request, and only a response can end a wait: time in a
// task queue, an outage and a stopped worker are no failure.
type Timing struct {
	// Settle is how long after its request a machine may take to show in lists, 5 minutes by default. After a create
	// whose outcome is unknown nothing is created before that time has passed, so Settle decides whether a machine can
	// be doubled: too long costs time after faults only, too short may cost a machine.
	//
	// On the real service new machines have been missing for up to a minute. Each new machine is looked for in the
	// list, and a list that does not show it after half of Settle is [ErrorListLag].
	Settle time.Duration
	// Request is the StartToClose of every activity, 90 seconds by default. Its HTTP request gets three quarters of it.
	Request time.Duration
	// Ready is how long a machine may take to be created, and then to reach its state. 45 minutes by default.
	Ready time.Duration
	// Gone is how long a delete may take. 10 minutes by default.
	Gone time.Duration
	// PollMin is the time between the first two polls of a wait; it then doubles up to PollMax. 5 seconds and 1 minute
	// by default. A thousand pending machines take up to 1000/PollMax requests a second.
	PollMin, PollMax time.Duration
}

// minTime is the shortest duration that is accepted: a shorter one was probably meant in another unit.
const minTime = 100 * time.Millisecond

func (t Timing) check() string {
	for _, f := range []struct {
		name  string
		value time.Duration
	}{
		{"Settle", t.Settle}, {"Request", t.Request}, {"Ready", t.Ready}, {"Gone", t.Gone}, {"PollMin", t.PollMin}, {"PollMax", t.PollMax},
	} {
		if f.value != 0 && f.value < minTime {
			return fmt.Sprintf("Timing.%s is %s, which is under %s: a time.Duration counts nanoseconds", f.name, f.value, minTime)
		}
	}
	return ""
}

func (t Timing) withDefaults() Timing {
	t.Settle = cmp.Or(t.Settle, 5*time.Minute)
	t.Request = cmp.Or(t.Request, 90*time.Second)
	t.Ready = cmp.Or(t.Ready, 45*time.Minute)
	t.Gone = cmp.Or(t.Gone, 10*time.Minute)
	t.PollMin = cmp.Or(t.PollMin, 5*time.Second)
	t.PollMax = max(cmp.Or(t.PollMax, time.Minute), t.PollMin)
	return t
}

// CreateOptions are the options for [Activities.Create]: one attempt, which Temporal must not repeat. A cancel recalls
// a create that waits in the task queue or for its pace, and waits for the result of one that a worker has sent.
func (t Timing) CreateOptions() workflow.ActivityOptions {
	return workflow.ActivityOptions{
		StartToCloseTimeout:   t.withDefaults().Request,
		RetryPolicy:           &temporal.RetryPolicy{MaximumAttempts: 1},
		WaitForCancellation:   true,
		DisableEagerExecution: true, // eager activities pass the task queue by, and its rate limit with it
	}
}

// RequestOptions are the options for activities that may be carried out twice. There is no limit: an outage of the
// service is waited out.
func (t Timing) RequestOptions() workflow.ActivityOptions {
	return workflow.ActivityOptions{
		StartToCloseTimeout: t.withDefaults().Request,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		},
		DisableEagerExecution: true,
	}
}

// PollOptions are the options for [Activities.Await], which is repeated until its condition holds or its Limit has
// passed. They set no ScheduleToClose: that would count the time in the task queue.
func (t Timing) PollOptions() workflow.ActivityOptions {
	t = t.withDefaults()
	return workflow.ActivityOptions{
		StartToCloseTimeout: t.Request,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: t.PollMin, BackoffCoefficient: 2, MaximumInterval: t.PollMax,
		},
		DisableEagerExecution: true,
	}
}

func (t Timing) request(ctx workflow.Context, activity, in any) workflow.Future {
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, t.RequestOptions()), activity, in)
}

// await waits until the condition of an Await holds. What is not found is looked for once more after the settle time:
// it may be too new to show.
func (t Timing) await(ctx workflow.Context, in AwaitInput) (*paperspace.Machine, error) {
	for again := false; ; again = true {
		var a *Activities
		var machine *paperspace.Machine
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, t.PollOptions()), a.Await, in).Get(ctx, &machine)
		if again || !is(err, ErrorNotFound) {
			return machine, err
		}
		if err := workflow.Sleep(ctx, t.Settle); err != nil {
			return nil, err
		}
	}
}

// search finds the IDs of the machines of a name, over all pages. Pages that form a circle are read again later.
func (t Timing) search(ctx workflow.Context, name string) ([]string, error) {
	for range 10 {
		ids, complete, err := t.pages(ctx, name)
		if err != nil || complete {
			return ids, err
		}
		if err := workflow.Sleep(ctx, time.Minute); err != nil {
			return nil, err
		}
	}
	return nil, temporal.NewNonRetryableApplicationError("paperspace: machines-list: the pages form a circle", ErrorUnavailable, nil)
}

func (t Timing) pages(ctx workflow.Context, name string) (ids []string, complete bool, err error) {
	known := map[string]bool{}
	in := FindInput{Name: name}
	for seen := map[string]bool{}; !seen[in.After]; {
		seen[in.After] = true
		var a *Activities
		var page FindResult
		if err := t.request(ctx, a.Find, in).Get(ctx, &page); err != nil {
			return nil, false, err
		}
		for _, m := range page.Machines {
			if !known[m.ID] { // pages may repeat a machine, which does not double it
				ids = append(ids, m.ID)
			}
			known[m.ID] = true
		}
		if in.After = page.Next; in.After == "" {
			return ids, true, nil
		}
	}
	return nil, false, nil
}

// remove deletes a machine and waits until it is gone. A delete that is refused is sent again: the machine may be
// starting, or is being deleted already.
func (t Timing) remove(ctx workflow.Context, id string) error {
	const tries = 5
	limit := t.Gone
	for try := 1; ; try++ {
		var a *Activities
		refusal := t.request(ctx, a.Delete, id).Get(ctx, nil)
		switch {
		case is(refusal, ErrorNotFound):
			return nil
		case refusal != nil && !is(refusal, ErrorRefused):
			return refusal
		case refusal != nil:
			limit = t.Gone / tries
		}
		_, err := t.await(ctx, AwaitInput{MachineID: id, Gone: true, Limit: limit})
		switch {
		case err == nil, refusal == nil, !is(err, ErrorPending):
			return err
		case try == tries:
			return refusal // which says why the machine still exists
		}
	}
}
