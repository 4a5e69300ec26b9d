package paperspace

import (
	"cmp"
	"sync"
	"time"

	"github.com/paperspace-go/paperspace/internal/poll"
)

// The lists whose pages answer many polls at once.
const (
	eventList = iota + 1
	machineList
)

// nextPage returns the cursor of the next page, empty if there is none.
func nextPage[T any](p *Page[T]) string {
	if !p.HasMore {
		return ""
	}
	return p.NextPage
}

// machineFinder returns a function that returns the machine of a subject if it is on a page, else nil.
func machineFinder(page *Page[Machine]) func(*subject) any {
	machines := make(map[string]*Machine, len(page.Items))
	for i := range page.Items {
		machines[page.Items[i].ID] = &page.Items[i]
	}
	return func(x *subject) any {
		if m := machines[x.target.id]; m != nil {
			return m
		}
		return nil
	}
}

// eventFinder does the same for events. It returns the events of a machine when the pages so far reach back far enough.
func (g *pollGroup) eventFinder(r poll.Request, page *Page[MachineEvent], at time.Time) func(*subject) any {
	events := make(map[string]*MachineEvent, len(page.Items))
	var oldest time.Time // zero on an empty page
	for i := range page.Items {
		events[page.Items[i].ID], oldest = &page.Items[i], page.Items[i].CreatedAt
	}
	remember := sync.OnceFunc(func() { // not if the page is ignored
		if r.Page == 0 {
			g.histories = map[string][]MachineEvent{}
		}
		for _, e := range page.Items {
			g.histories[e.MachineID] = append(g.histories[e.MachineID], e)
		}
	})
	reaches := func(since time.Time) bool {
		return nextPage(page) == "" || !oldest.IsZero() && oldest.Before(cmp.Or(since, at.Add(-stuckAge)))
	}
	return func(x *subject) any {
		remember()
		e := events[x.target.id]
		switch {
		case x.target.kind == machineEventsKind && reaches(x.target.since):
			return g.histories[x.target.id]
		case x.target.kind == eventKind && e != nil:
			return e
		}
		return nil
	}
}
