package paperspacetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/paperspace-go/paperspace"
)

// Durations are how long state changes take. A zero field means the default.
type Durations struct {
	// Queue is how long an event remains new before it is in progress. Default 2 s.
	Queue time.Duration
	// Create is how long it takes to create a machine. Default 60 s.
	Create time.Duration
	// Boot is how long after its create event is done a machine that starts on create becomes ready. Halfway it is
	// serviceready. Default 15 s.
	Boot time.Duration
	// Start, Stop, Restart and Delete are how long these take for a machine. Defaults 30, 20, 40 and 10 s.
	Start, Stop, Restart, Delete time.Duration
	// Upgrade is how long a change of machine type or disk takes. Default 45 s.
	Upgrade time.Duration
	// Migrate is how long a machine's move to another network takes. Default 30 s.
	Migrate time.Duration
	// Snapshot is how long it takes to create or delete a snapshot, Restore how long to restore one. Defaults 40 and
	// 60 s.
	Snapshot, Restore time.Duration
	// Template is how long it takes to create a custom template. Default 90 s.
	Template time.Duration
	// Visible is how long after an upsert a deployment still has its old spec. Default 1 s.
	Visible time.Duration
	// Apply is how long it takes to apply a deployment's spec, and Healthy how long until it is then healthy. Defaults 5
	// and 25 s.
	Apply, Healthy time.Duration
}

func (d *Durations) fields() []*time.Duration {
	return []*time.Duration{
		&d.Queue, &d.Create, &d.Boot, &d.Start, &d.Stop, &d.Restart, &d.Delete, &d.Upgrade, &d.Migrate,
		&d.Snapshot, &d.Restore, &d.Template, &d.Visible, &d.Apply, &d.Healthy,
	}
}

func (d *Durations) setDefaults() {
	for i, seconds := range []time.Duration{2, 60, 15, 30, 20, 40, 10, 45, 30, 40, 60, 90, 1, 5, 25} {
		each := d.fields()[i]
		*each = cmp.Or(*each, seconds*time.Second)
	}
}

// step is a scheduled state change.
type step struct {
	at time.Time
	do func()
}

// after schedules a step. Its do function must check that the step still applies by then.
func (s *Server) after(d time.Duration, do func()) {
	at := s.now.Add(d)
	i, _ := slices.BinarySearchFunc(s.schedule, at, func(step step, at time.Time) int {
		if step.at.After(at) {
			return 1
		}
		return -1 // steps of the same time keep their order
	})
	s.schedule = slices.Insert(s.schedule, i, step{at, do})
}

// advance runs all steps that have come due, each at its own time.
func (s *Server) advance() {
	now := s.time()
	for len(s.schedule) > 0 && !s.schedule[0].at.After(now) {
		next := s.schedule[0]
		s.schedule = s.schedule[1:]
		s.now = next.at
		next.do()
	}
	s.now = now
}

// Outcome is how an event, or the spec of a deployment, ends.
type Outcome struct {
	state       string
	reason      any  // string or nil
	unfinished  bool // without a finish time
	takesEffect bool
	hangs       bool
	unhealthy   string // message, for specs only
}

// Done is a successful end.
func Done() Outcome { return Outcome{state: "done", takesEffect: true} }

// Fails is an end in state error with a reason and without effect.
func Fails(reason string) Outcome { return Outcome{state: "error", reason: reason} }

// FailsSilently is an end in state error without a reason, but with a finish time and with the effect of a successful
// end. The service is known to report successes this way.
func FailsSilently() Outcome { return Outcome{state: "error", takesEffect: true} }

// FailsUnfinished is an end in state error without a reason, without a finish time and without effect.
func FailsUnfinished() Outcome { return Outcome{state: "error", unfinished: true} }

// Cancelled is an end in state cancelled and without effect. The reason may be empty.
func Cancelled(reason string) Outcome {
	o := Outcome{state: "cancelled"}
	if reason != "" {
		o.reason = reason
	}
	return o
}

// Hangs is no end: the event remains in progress, as it does when there is no capacity for a machine.
func Hangs() Outcome { return Outcome{hangs: true} }

// check returns why the outcome is not valid for an event, or "".
func (o Outcome) check() string {
	switch {
	case o == Outcome{}:
		return "the outcome is empty; use Done, Fails or another function that returns one"
	case o.unhealthy != "":
		return "Unhealthy is an outcome of specs only"
	}
	return ""
}

// NextEvent queues outcomes for the next events with the name, one for each. Events without a queued outcome succeed.
func (s *Server) NextEvent(name paperspace.MachineEventName, outcomes ...Outcome) {
	s.t.Helper()
	if !name.Known() {
		s.t.Fatalf("paperspacetest: NextEvent: no event has the name %q", name)
	}
	for _, o := range outcomes {
		if problem := o.check(); problem != "" {
			s.t.Fatalf("paperspacetest: NextEvent: %s", problem)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outcomes[string(name)] = append(s.outcomes[string(name)], outcomes...)
}

// EndEvent ends an unfinished event now, with the outcome. [Hangs] keeps it from ending.
func (s *Server) EndEvent(id string, o Outcome) {
	s.t.Helper()
	if problem := o.check(); problem != "" {
		s.t.Fatalf("paperspacetest: EndEvent: %s", problem)
	}
	s.mu.Lock()
	s.advance()
	r := s.running[id]
	if r != nil {
		s.finish(r, o)
	}
	s.mu.Unlock()
	if r == nil {
		s.t.Fatalf("paperspacetest: EndEvent: no unfinished event %q", id)
	}
}

// nextOutcome removes and returns the next queued outcome for the name, Done if there is none.
func (s *Server) nextOutcome(name string) Outcome {
	queue := s.outcomes[name]
	if len(queue) == 0 {
		return Done()
	}
	s.outcomes[name] = queue[1:]
	return queue[0]
}

// plan describes an event and its effects.
type plan struct {
	name    string
	machine *row // nil if the event concerns no machine
	takes   time.Duration
	stuck   bool   // hangs, whatever outcome is queued
	network string // private network that the machine moves to
	started func() // called when the event is in progress
	halfway func() // called at four fifths of the time, unless the event will fail
	done    func() // called after halfway
	failed  func() // reverts halfway, which may not have been called
}

// running is an unfinished event.
type running struct {
	plan
	event     object
	hangs     bool
	isHalfway bool
}

// begin creates an event and schedules its effects.
func (s *Server) begin(p plan) object {
	id := s.uuid()
	event := object{
		"id": id, "name": p.name, "state": "new", "machineId": nil,
		"dtCreated": s.stamp(), "dtStarted": nil, "dtFinished": nil, "error": nil,
	}
	if p.machine != nil {
		event["machineId"] = p.machine.key
	}
	s.store.add(events, "", id, event)
	r := &running{plan: p, event: event}
	s.running[id] = r
	outcome := s.nextOutcome(p.name)
	if p.stuck {
		outcome = Hangs()
	}
	s.after(min(s.durations.Queue, p.takes), func() { s.start(r) })
	if p.halfway != nil && outcome.takesEffect {
		s.after(p.takes*4/5, func() {
			if s.isActive(r) {
				r.getHalfway()
			}
		})
	}
	s.after(p.takes, func() {
		if s.isActive(r) {
			s.finish(r, outcome)
		}
	})
	return event
}

// isActive reports whether an event is unfinished and does not hang.
func (s *Server) isActive(r *running) bool { return s.running[text(r.event["id"])] == r && !r.hangs }

func (s *Server) start(r *running) {
	if s.running[text(r.event["id"])] != r {
		return
	}
	r.event["state"], r.event["dtStarted"] = "in progress", s.stamp()
	if r.started != nil {
		r.started()
	}
}

// getHalfway calls halfway, once.
func (r *running) getHalfway() {
	if r.halfway != nil && !r.isHalfway {
		r.isHalfway = true
		r.halfway()
	}
}

func (s *Server) finish(r *running, o Outcome) {
	if o.hangs {
		r.hangs = true
		return
	}
	delete(s.running, text(r.event["id"]))
	r.event["state"], r.event["error"] = o.state, o.reason
	if !o.unfinished {
		r.event["dtFinished"] = s.stamp()
		if r.event["dtStarted"] == nil && o.takesEffect {
			r.event["dtStarted"] = s.stamp()
		}
	}
	if !o.takesEffect {
		if r.failed != nil {
			r.failed()
		}
		return
	}
	r.getHalfway() // EndEvent may end an event earlier
	if r.done != nil {
		r.done()
	}
}

// cancelEvents cancels the unfinished events of a machine.
func (s *Server) cancelEvents(machine *row) {
	for _, r := range s.running {
		if r.machine == machine {
			s.finish(r, Cancelled(""))
		}
	}
}
