package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace"
)

// A probe calls the service and remembers what it saw.
type probe struct {
	client         *paperspace.Client
	wrongKey       *paperspace.Client
	withoutKey     *paperspace.Client
	withoutVersion *paperspace.Client // with a wrong key; nil if the base URL does not end with a version
	traffic        *traffic
	log            io.Writer // progress, for the person who runs the probe
	service        string    // how the report names the service

	odd       int // how many odd values the current call has met
	exchanges []*exchange
	shapes    map[string]shape // by endpoint
	unreached []unreached
	life      *life // nil unless a machine was created
}

// unreached is an endpoint that could not be called.
type unreached struct {
	Endpoint string `json:"endpoint"`
	Reason   string `json:"reason"`
}

// newProbe returns a probe of the service at the base URL. The options must set the API key.
func newProbe(baseURL string, transport http.RoundTripper, log io.Writer, opts ...paperspace.Option) (*probe, error) {
	p := &probe{traffic: newTraffic(transport), log: log, shapes: map[string]shape{}, service: "another base URL"}
	if baseURL == paperspace.DefaultBaseURL {
		p.service = "the default base URL"
	}
	shared := []paperspace.Option{
		paperspace.WithBaseURL(baseURL), paperspace.WithUserAgent("paperspace-probe"),
		paperspace.WithHTTPClient(&http.Client{Transport: p.traffic}),
		paperspace.WithHook(func(ctx context.Context, _ paperspace.CallInfo) (context.Context, func(paperspace.CallResult)) {
			return ctx, func(r paperspace.CallResult) { p.odd += len(r.Odd) }
		}),
	}
	var err error
	if p.client, err = paperspace.NewClient(append(opts, shared...)...); err != nil {
		return nil, err
	}
	if p.withoutKey, err = paperspace.NewClient(shared...); err != nil {
		return nil, err
	}
	if p.wrongKey, err = p.withoutKey.With(paperspace.WithAPIKey("paperspace-probe-wrong-key")); err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimSpace(baseURL))
	if err != nil {
		return nil, fmt.Errorf("the base URL is not valid: %w", err)
	}
	if root, ok := strings.CutSuffix(strings.TrimSuffix(base.Path, "/"), "/v1"); ok {
		base.Path = root + "/"
		p.withoutVersion, err = p.wrongKey.With(paperspace.WithBaseURL(base.String()))
	}
	return p, err
}

// of returns the exchanges with one of the purposes, in order.
func (p *probe) of(purposes ...purpose) (found []*exchange) {
	for _, x := range p.exchanges {
		if slices.Contains(purposes, x.purpose) {
			found = append(found, x)
		}
	}
	return found
}

// to returns the exchanges with an endpoint and a purpose, in order.
func (p *probe) to(endpoint string, purpose purpose) (found []*exchange) {
	for _, x := range p.of(purpose) {
		if x.endpoint != nil && x.endpoint.ID == endpoint {
			found = append(found, x)
		}
	}
	return found
}

// listed returns the objects that the pages of a list had.
func (p *probe) listed(endpoint string) (objects []any) {
	for _, x := range p.to(endpoint, reading) {
		objects = append(objects, x.items()...)
	}
	return objects
}

// parseTime returns the time of a text in a response, and the zero time if there is none.
func parseTime(text string) time.Time {
	t, _ := time.Parse(time.RFC3339, text)
	return t
}
