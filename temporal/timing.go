package paperspacetemporal

import (
	"cmp"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/paperspace-go/paperspace"
)

// Timing is how long things may take. A zero field means the default; one that is negative fails the workflow.
type Timing struct {
	// Settle is how long after its request a machine may take to show in lists. Nothing is created again before that
	// time has passed since a create whose outcome is unknown, so it decides whether a machine can be doubled: too long
	// costs time after faults only, too short may cost a machine. 2 minutes by default.
	Settle time.Duration
	// Request is the StartToClose of every activity. Its HTTP request gets three quarters of it, and never more than
	// 60 s. 90 seconds by default.
	Request time.Duration
	// Ready is how long a machine may take to be created, and then to get into its state. 45 minutes by default.
	Ready time.Duration
	// Gone is how long a delete may take. 10 minutes by default.
	Gone time.Duration
	// PollMin is the time between the first two polls of a wait; it then doubles up to PollMax. 5 seconds and 1 minute by
	// default. A thousand machines that are waited for take up to 1000/PollMax requests a second.
	PollMin, PollMax time.Duration
}

func (t Timing) check() error {
	if min(t.Settle, t.Request, t.Ready, t.Gone, t.PollMin, t.PollMax) < 0 {
		return refused("Timing: must not be negative")
	}
	return nil
}

func (t Timing) withDefaults() Timing {
	t.Settle = cmp.Or(t.Settle, 2*time.Minute)
	t.Request = cmp.Or(t.Request, 90*time.Second)
	t.Ready = cmp.Or(t.Ready, 45*time.Minute)
	t.Gone = cmp.Or(t.Gone, 10*time.Minute)
	t.PollMin = cmp.Or(t.PollMin, 5*time.Second)
	t.PollMax = max(cmp.Or(t.PollMax, time.Minute), t.PollMin)
	return t
}

// single is for the create: the engine must not repeat it.
func (t Timing) single(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: t.Request,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}

// repeated is for what may be carried out twice. There is no limit: an outage of the service is waited out.
func (t Timing) repeated(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: t.Request,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
	})
}

// polled is for Await, which is repeated until the time has come or the limit is met.
func (t Timing) polled(ctx workflow.Context, limit time.Duration) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    t.Request,
		ScheduleToCloseTimeout: limit,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: t.PollMin, BackoffCoefficient: 2, MaximumInterval: t.PollMax},
	})
}

// await waits until an Await is done. What is not found is looked for once more after the settle time: it may be too new
// to show.
func (t Timing) await(ctx workflow.Context, limit time.Duration, in AwaitInput) (*paperspace.Machine, error) {
	for again := false; ; again = true {
		var a *Activities
		var machine *paperspace.Machine
		err := workflow.ExecuteActivity(t.polled(ctx, limit), a.Await, in).Get(ctx, &machine)
		if again || !is(err, ErrorNotFound) {
			return machine, err
		}
		if err := workflow.Sleep(ctx, t.Settle); err != nil {
			return nil, err
		}
	}
}

// search finds the machines of a name, or all of them, over all pages.
func (t Timing) search(ctx workflow.Context, name string) ([]MachineRef, error) {
	var found []MachineRef
	known := map[string]bool{}
	in := FindInput{Name: name}
	for seen := map[string]bool{}; ; seen[in.After] = true {
		var a *Activities
		var page FindResult
		if err := workflow.ExecuteActivity(t.repeated(ctx), a.Find, in).Get(ctx, &page); err != nil {
			return nil, err
		}
		for _, m := range page.Machines {
			if !known[m.ID] { // pages may repeat a machine, which does not double it
				found = append(found, m)
			}
			known[m.ID] = true
		}
		switch in.After = page.Next; {
		case in.After == "":
			return found, nil
		case seen[in.After]:
			return nil, refused("the service repeats the cursor of an earlier page")
		}
	}
}

// refused is the error of an input that cannot be carried out.
func refused(reason string) error {
	return temporal.NewNonRetryableApplicationError("paperspace: "+reason, ErrorRefused, nil)
}
