package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/contract"
)

// The purposes of calls that only read.
const (
	reading       purpose = "read"
	pageOne       purpose = "first page"
	pageTwo       purpose = "second page"
	exactName     purpose = "search for a name"
	partOfName    purpose = "search for a part of a name"
	machineFilter purpose = "events of a machine"
	silentError   purpose = "machine after an error without a reason"
)

const (
	largestPage = 120 // what the All methods of the SDK ask for
	parents     = 5   // how many objects of a kind are tried, until one has objects of its own
	samples     = 3   // how many objects of a kind to read singly
)

// read calls every endpoint that only reads and can be reached: the ids in paths come from lists.
func (p *probe) read(ctx context.Context) {
	found := map[kind][][]string{none: {nil}}
	for _, s := range plan() {
		if len(found[s.of]) == 0 {
			p.unreached = append(p.unreached, unreached{s.endpoint, "no " + string(s.of) + " was found"})
			continue
		}
		for i, path := range found[s.of] {
			a := args{path: path}
			if s.isList() {
				a.page.Limit = largestPage
			}
			x := p.run(ctx, reading, s, a, "")
			if ctx.Err() != nil {
				return
			}
			keys := s.keys(x)
			for _, key := range keys {
				found[s.gives] = append(found[s.gives], append(path[:len(path):len(path)], key))
			}
			if s.isList() {
				p.turnPages(ctx, s, a, x, keys)
			}
			if s.isList() && (len(keys) > 0 || i+1 == parents) || !s.isList() && i+1 == samples {
				break
			}
		}
	}
	p.followUp(ctx)
}

// isList reports whether the step returns pages.
func (s step) isList() bool { return contract.Lookup(s.endpoint).IsList() }

// keys returns the keys of the objects in a response.
func (s step) keys(x *exchange) (keys []string) {
	objects := x.items()
	if s.key != "" && !s.isList() {
		objects = []any{x.body}
	}
	for _, object := range objects {
		if key := keyAt(object, s.key); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// run carries out a step.
func (p *probe) run(ctx context.Context, purpose purpose, s step, a args, object string) *exchange {
	fmt.Fprintf(p.log, "%s: %s\n", s.endpoint, purpose)
	a.ctx, a.Client = ctx, p.client
	x := p.call(purpose, s.endpoint, func(opts []paperspace.RequestOption) error {
		a.opts = opts
		return s.call(a)
	})
	x.path, x.object = a.path, object
	return x
}

// turnPages fetches the page after the first, and of a list with several objects two pages of one object each.
func (p *probe) turnPages(ctx context.Context, s step, a args, first *exchange, keys []string) {
	if a.page.After = textAt(first.body, "nextPage"); a.page.After != "" {
		p.run(ctx, reading, s, a, "")
	}
	if len(keys) < 2 {
		return
	}
	a.page = paperspace.ListParams{Limit: 1}
	one, next := p.run(ctx, pageOne, s, a, keys[0]), keys[1]
	if got := s.keys(one); len(got) == 1 && !slices.Contains(keys, got[0]) { // an object that was created meanwhile
		one.object, next = got[0], keys[0]
	}
	if a.page.After = textAt(one.body, "nextPage"); a.page.After != "" {
		p.run(ctx, pageTwo, s, a, next)
	}
}

// followUp makes the calls that depend on what the lists have.
func (p *probe) followUp(ctx context.Context) {
	for _, s := range plan() {
		if s.isList() && hasName(s) {
			p.search(ctx, s)
		}
	}
	seen := map[string]bool{} // machines
	for _, event := range p.listed("machineEvents-list") {
		machine, name := textAt(event, "machineId"), textAt(event, "name")
		if machine == "" || seen[machine] {
			continue
		}
		if len(seen) == 0 {
			x := p.call(machineFilter, "machineEvents-list", func(opts []paperspace.RequestOption) error {
				return drop(p.client.MachineEvents.List(ctx, paperspace.MachineEventListParams{MachineID: machine}, opts...))
			})
			x.object = machine
		}
		seen[machine] = true // events are listed newest first, and only the newest determines the machine's state
		if isSilentError(event) && len(p.of(silentError)) < samples {
			x := p.call(silentError, "machines-get", func(opts []paperspace.RequestOption) error {
				return drop(p.client.Machines.Get(ctx, machine, opts...))
			})
			x.object = name
		}
	}
}

// isSilentError reports whether an event ended in state error, with a finish time and without a reason.
func isSilentError(event any) bool {
	return textAt(event, "state") == "error" && textAt(event, "error") == "" && textAt(event, "dtFinished") != ""
}

// hasName reports whether the list can be filtered by name.
func hasName(s step) bool {
	for _, parameter := range contract.Lookup(s.endpoint).Parameters {
		if parameter.Name == "name" {
			return true
		}
	}
	return false
}

// search looks for a listed object by its name, and by the middle of its name.
func (p *probe) search(ctx context.Context, s step) {
	for _, page := range p.to(s.endpoint, reading) {
		for _, object := range page.items() {
			name, id := textAt(object, "name"), textAt(object, "id")
			if utf8.RuneCountInString(name) < 4 || id == "" {
				continue
			}
			a := args{path: page.path, name: name, page: paperspace.ListParams{Limit: largestPage}}
			p.run(ctx, exactName, s, a, id)
			runes := []rune(name)
			a.name = strings.TrimSpace(string(runes[1 : len(runes)-1]))
			p.run(ctx, partOfName, s, a, id)
			return
		}
	}
}
