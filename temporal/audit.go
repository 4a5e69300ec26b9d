package paperspacetemporal

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// maxPages is how many pages of the list one run of an audit reads, which bounds its history: about 10 KB a page.
const maxPages = 40

// AuditInput is the input of [FleetAudit].
type AuditInput struct {
	Roster
	// Timing determines how long things may take.
	Timing Timing
	// After is the cursor at which an earlier run stopped.
	After string `json:",omitzero"`
	// Seen has a bit for each name that the list has shown, Again for each that it has shown with another machine.
	Seen, Again bits `json:",omitempty"`
}

// AuditResult is the result of [FleetAudit].
type AuditResult struct {
	// MissingNames is how many names belong to no machine, and Missing are up to 100 of them.
	MissingNames int
	Missing      []string
	// DoubledNames is how many names belong to several machines, and Doubled has up to 100 of them with all their IDs.
	DoubledNames int
	Doubled      map[string][]string
}

// FleetAudit is the workflow that a [Fleet] ends with: it reads the list of all machines, and searches once more for
// the names that are missing from it or occur twice. It may be run at any other time, too.
func FleetAudit(ctx workflow.Context, in AuditInput) (*AuditResult, error) {
	t := in.Timing.withDefaults()
	find := in.finder()
	known := map[string]bool{} // machines of this run: pages may repeat them
	cursors := map[string]bool{}
	for page := 0; ; page++ {
		if page == maxPages {
			return nil, workflow.NewContinueAsNewError(ctx, FleetAudit, in)
		}
		var a *Activities
		var found FindResult
		if err := t.request(ctx, a.Find, FindInput{After: in.After}).Get(ctx, &found); err != nil {
			return nil, err
		}
		for _, m := range found.Machines {
			i, ours := find(m.Name)
			if !ours || known[m.ID] {
				continue
			}
			known[m.ID] = true
			if in.Seen.has(i) {
				in.Again.set(i)
			}
			in.Seen.set(i)
		}
		if in.After = found.Next; in.After == "" {
			return in.confirm(ctx, t)
		}
		if cursors[in.After] {
			return nil, temporal.NewNonRetryableApplicationError("paperspace: machines-list: the pages form a circle", ErrorUnavailable, nil)
		}
		cursors[in.After] = true
	}
}

// confirm searches for the names that look missing or doubled: the list may have changed while it was read.
func (in *AuditInput) confirm(ctx workflow.Context, t Timing) (*AuditResult, error) {
	result := &AuditResult{Doubled: map[string][]string{}}
	missing, doubled := 0, 0 // searches for names that look so
	for i := range in.len() {
		seen, again := in.Seen.has(i), in.Again.has(i)
		switch {
		case seen && !again:
			continue
		case !seen && missing == maxFailures:
			result.MissingNames++
			continue
		case again && doubled == maxFailures:
			result.DoubledNames++
			continue
		case !seen:
			missing++
		default:
			doubled++
		}
		name := in.at(i)
		ids, err := t.search(ctx, name)
		switch {
		case err != nil:
			return nil, err
		case len(ids) == 0:
			result.MissingNames++
			result.Missing = append(result.Missing, name)
		case len(ids) > 1:
			result.DoubledNames++
			result.Doubled[name] = ids[:min(len(ids), maxFailures)]
		}
	}
	return result, nil
}

// audit looks for what is missing or doubled when the machines that were created last had time to show.
func (f *fleet) audit(ctx workflow.Context) (*AuditResult, error) {
	result := &AuditResult{}
	if err := workflow.Sleep(ctx, f.in.Provision.Timing.withDefaults().Settle); err != nil {
		return result, err
	}
	ctx = workflow.WithChildOptions(ctx, ChildOptions("", f.id+"/audit"))
	in := AuditInput{Roster: f.in.Roster, Timing: f.in.Provision.Timing}
	err := workflow.ExecuteChildWorkflow(ctx, FleetAudit, in).Get(ctx, result)
	return result, err
}
