package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/contract"
)

// The purposes of calls that the service should refuse, or answer without a key. None of them can change anything.
const (
	unknownID      purpose = "unknown id"
	unknownPath    purpose = "unknown path"
	wrongMethod    purpose = "wrong method"
	wrongKey       purpose = "wrong key"
	withoutKey     purpose = "no key, where none is needed"
	withoutVersion purpose = "base URL without its version"
	badQuery       purpose = "invalid value in the query"
)

var refusals = []purpose{unknownID, unknownPath, wrongMethod, wrongKey, withoutKey, withoutVersion, badQuery}

// provoke makes calls that the service should refuse.
func (p *probe) provoke(ctx context.Context) {
	fmt.Fprintln(p.log, "harmless errors")
	for _, s := range plan() {
		// The endpoints of single objects, such as /machines/{id}.
		if strings.HasSuffix(s.endpoint, "-get") && s.of != none && strings.Count(contract.Lookup(s.endpoint).Path, "/") == 2 {
			p.run(ctx, unknownID, s, args{path: []string{randomUUID()}}, "")
		}
	}
	list := func(purpose purpose, c *paperspace.Client) {
		p.call(purpose, "machines-list", func(opts []paperspace.RequestOption) error {
			return drop(c.Machines.List(ctx, paperspace.MachineListParams{}, opts...))
		})
	}
	do := func(purpose purpose, c *paperspace.Client, r paperspace.Request) {
		p.call(purpose, "", func(opts []paperspace.RequestOption) error { return c.Do(ctx, r, nil, opts...) })
	}
	list(wrongKey, p.wrongKey)
	p.call(wrongKey, "auth-session", func(opts []paperspace.RequestOption) error {
		return drop(p.wrongKey.Auth.Session(ctx, opts...))
	})
	p.call(withoutKey, "osTemplates-list", func(opts []paperspace.RequestOption) error {
		return drop(p.withoutKey.OSTemplates.List(ctx, paperspace.OSTemplateListParams{}, opts...))
	})
	// These have a wrong key, so that a surprising endpoint could not do anything.
	do(unknownPath, p.wrongKey, paperspace.Request{Method: http.MethodGet, Path: "/paperspace-probe"})
	do(wrongMethod, p.wrongKey, paperspace.Request{Method: http.MethodPatch, Path: "/os-templates"})
	if p.withoutVersion != nil {
		list(withoutVersion, p.withoutVersion)
	}
	do(badQuery, p.client, paperspace.Request{
		Method: http.MethodGet, Path: "/machines", Query: url.Values{"order": {"sideways"}},
	})
}

// randomUUID returns a UUID that no object has. Where ids are UUIDs, another text could be refused for its form.
func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
