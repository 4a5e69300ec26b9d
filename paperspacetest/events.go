package paperspacetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/paperspace-go/paperspace"
)

// Durations are how long things take. A zero field means the default.
type Durations struct {
	// Queue is how long an event stays new before it is in progress. Default 2 s.
	Queue time.Duration
	// Create is how long the create of a machine takes. Default 60 s.
	Create time.Duration
	// Boot is how long a machine that was started on create takes to be ready after its create event is done, by way
	// of serviceready. Default 15 s.
	Boot time.Duration
	// Start, Stop, Restart and Delete are for machines. Default 30, 20, 40 and 10 s.
	Start, Stop, Restart, Delete time.Duration
	// Upgrade is for a change of machine type or disk. Default 45 s.
	Upgrade time.Duration
	// Migrate is for a machine's move to another network. Default 30 s.
	Migrate time.Duration
	// Snapshot is for the create and the delete of a snapshot, Restore for its restore. Default 40 and 60 s.
	Snapshot, Restore time.Duration
	// Template is for the create of a custom template. Default 90 s.
	Template time.Duration
	// Visible is how long the old spec of a deployment still shows after an upsert. Default 1 s.
	Visible time.Duration
	// Apply is how long a deployment's spec takes to be applied, and Healthy how long it then takes to be healthy.
	// Default 5 and 25 s.
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

// step is something that happens by itself at its time.
type step struct {
	at time.Time
	do func()
}

// after has something happen in a while, unless what it is about has changed by then: do has to see to that.
func (s *Server) after(d time.Duration, do func()) {
	at := s.now.Add(d)
	i, _ := slices.BinarySearchFunc(s.agenda, at, func(step step, at time.Time) int {
		if step.at.After(at) {
			return 1
		}
		return -1 // those of the same time stay in order
	})
	s.agenda = slices.Insert(s.agenda, i, step{at, do})
}

// advance makes everything happen that is due, each at its own time.
func (s *Server) advance() {
	now := s.time()
	for len(s.agenda) > 0 && !s.agenda[0].at.After(now) {
		next := s.agenda[0]
		s.agenda = s.agenda[1:]
		s.now = next.at
		next.do()
	}
	s.now = now
}

// Outcome is how an event, or the spec of a deployment, ends.
type Outcome struct {
	state       string
	reason      any  // string or nil
	unfinished  bool // it gets no finish time
	takesEffect bool // what it was to do is done
	hangs       bool
	unhealthy   string // of specs only
}

// Done is a good end.
func Done() Outcome { return Outcome{state: "done", takesEffect: true} }

// Fails is an end in state error, with the reason. Nothing of what was to be done is.
func Fails(reason string) Outcome { return Outcome{state: "error", reason: reason} }

// FailsSilently is an end in state error without a reason. The service reports so what in fact it has done: with a
// finish time, and with the effect of a good end.
func FailsSilently() Outcome { return Outcome{state: "error", takesEffect: true} }

// FailsUnfinished is an end in state error without a reason and without a finish time. Nothing of what was to be done
// is.
func FailsUnfinished() Outcome { return Outcome{state: "error", unfinished: true} }

// Cancelled is an end in state cancelled, with a reason unless it is empty.
func Cancelled(reason string) Outcome {
	o := Outcome{state: "cancelled"}
	if reason != "" {
		o.reason = reason
	}
	return o
}

// Hangs is no end at all: the event stays in progress, as when there is no capacity for a machine.
func Hangs() Outcome { return Outcome{hangs: true} }

// check returns why no event can end so.
func (o Outcome) check() string {
	switch {
	case o == Outcome{}:
		return "the outcome is empty: Done and the functions beside it make one"
	case o.unhealthy != "":
		return "Unhealthy is an outcome of specs"
	}
	return ""
}

// NextEvent sets how the next events of a name end, one outcome for each. They come after those that were set before.
// Other events end well.
func (s *Server) NextEvent(name paperspace.MachineEventName, outcomes ...Outcome) {
	s.t.Helper()
	if !name.Known() {
		s.t.Fatalf("paperspacetest: NextEvent: there is no event %q", name)
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

// EndEvent ends an event now, in another way than it would by itself. [Hangs] keeps it from ending.
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
		s.t.Fatalf("paperspacetest: EndEvent: there is no event %q that has not ended", id)
	}
}

// takeOutcome returns how the next thing of this name ends.
func (s *Server) takeOutcome(name string) Outcome {
	queue := s.outcomes[name]
	if len(queue) == 0 {
		return Done()
	}
	s.outcomes[name] = queue[1:]
	return queue[0]
}

// plan is what an event does.
type plan struct {
	name    string
	machine *row // nil: it is about no machine
	takes   time.Duration
	stuck   bool   // it cannot end by itself
	network string // the private network that it brings the machine into
	started func() // as it gets in progress
	halfway func() // most of the way, if it is to end well
	done    func() // after halfway
	failed  func() // takes back what halfway did, if it came to that
}

// running is an event that has not ended.
type running struct {
	plan
	event     object
	hangs     bool
	isHalfway bool
}

// begin makes an event.
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
	outcome := s.takeOutcome(p.name)
	if p.stuck {
		outcome = Hangs()
	}
	s.after(min(s.durations.Queue, p.takes), func() { s.start(r) })
	if p.halfway != nil && outcome.takesEffect {
		s.after(p.takes*4/5, func() {
			if s.goesOn(r) {
				r.getHalfway()
			}
		})
	}
	s.after(p.takes, func() {
		if s.goesOn(r) {
			s.finish(r, outcome)
		}
	})
	return event
}

func (s *Server) goesOn(r *running) bool { return s.running[text(r.event["id"])] == r && !r.hangs }

func (s *Server) start(r *running) {
	if s.running[text(r.event["id"])] != r {
		return
	}
	r.event["state"], r.event["dtStarted"] = "in progress", s.stamp()
	if r.started != nil {
		r.started()
	}
}

// getHalfway does once what an event that ends well does on its way.
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
	r.getHalfway() // an event may be ended before it has got there
	if r.done != nil {
		r.done()
	}
}

// cancelEvents ends whatever goes on with a machine.
func (s *Server) cancelEvents(machine *row) {
	for _, r := range s.running {
		if r.machine == machine {
			s.finish(r, Cancelled(""))
		}
	}
}
