package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/populate"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

type object = map[string]any

// A twist changes requests and responses between the probe and the in-memory Paperspace.
type twist struct {
	next     http.RoundTripper
	request  func(*http.Request)
	response func(*reply)
}

// A reply is a response that a twist can change.
type reply struct {
	*http.Response
	method string
	path   string // below /v1
	query  string
	body   any // decoded
}

func (t *twist) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	asked := *r.URL // before the twist
	if t.request != nil {
		t.request(r)
	}
	resp, err := t.next.RoundTrip(r)
	if err != nil || t.response == nil {
		return resp, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	reply := &reply{Response: resp, method: r.Method, path: strings.TrimPrefix(asked.Path, "/v1"), query: asked.RawQuery}
	reply.body, _ = decode(data)
	t.response(reply)
	if data, err = json.Marshal(reply.body); err != nil {
		return nil, err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	return resp, nil
}

// to reports whether the reply is to a method and a path, in which * is any segment.
func (r *reply) to(method, path string) bool {
	want, got := strings.Split(path, "/"), strings.Split(r.path, "/")
	if r.method != method || len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != "*" && want[i] != got[i] {
			return false
		}
	}
	return true
}

// objects returns the items of the body, or the body itself.
func (r *reply) objects() (objects []object) {
	if items, ok := at(r.body, "items").([]any); ok {
		for _, item := range items {
			objects = append(objects, item.(object))
		}
	} else if o, ok := r.body.(object); ok && r.StatusCode == http.StatusOK {
		objects = append(objects, o)
	}
	return objects
}

// keep removes the items for which a condition is false.
func (r *reply) keep(condition func(object) bool) {
	o, ok := r.body.(object)
	items, isPage := o["items"].([]any)
	if !ok || !isPage {
		return
	}
	kept := []any{}
	for _, item := range items {
		if condition(item.(object)) {
			kept = append(kept, item)
		}
	}
	o["items"] = kept
}

// become replaces the response.
func (r *reply) become(status int, body any) { r.StatusCode, r.body = status, body }

func apiError(code string) object { return object{"message": "refused", "code": code} }

// A run is what a test probes.
type run struct {
	options []paperspacetest.Option
	twist   func(http.RoundTripper) http.RoundTripper
	live    bool
}

// probe probes an in-memory Paperspace that has one or two objects of every kind.
func (r run) probe(t *testing.T) (p *probe, report *report, liveErr error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := paperspacetest.New(t, r.options...)
		populate.Server(srv, time.Sleep)
		var transport http.RoundTripper = srv
		if r.twist != nil {
			transport = r.twist(srv)
		}
		var err error
		p, err = newProbe(srv.URL(), transport, io.Discard, paperspace.WithAPIKey(srv.Key()))
		require.NoError(t, err)
		began := time.Now()
		p.read(t.Context())
		p.provoke(t.Context())
		if r.live {
			require.NoError(t, p.deploy(t.Context(), t.Context(), machineOptions()))
			liveErr = p.liveOnce(t.Context(), t.Context(), machineOptions())
			require.Empty(t, left(t, srv), "nothing must be left behind")
		}
		report = p.report(began)
	})
	return p, report, liveErr
}

func machineOptions() liveOptions {
	return liveOptions{
		machineType: "C5", template: paperspacetest.UbuntuID, region: paperspace.RegionNY2, limit: 0.5, poll: 3 * time.Second,
	}
}

// left returns the names of the machines and projects that a probe left behind.
func left(t *testing.T, srv *paperspacetest.Server) (names []string) {
	t.Helper()
	for machine, err := range srv.Client().Machines.All(context.Background(), paperspace.MachineListParams{}) {
		require.NoError(t, err)
		names = append(names, machine.Name)
	}
	for project, err := range srv.Client().Projects.All(context.Background(), paperspace.ProjectListParams{}) {
		require.NoError(t, err)
		names = append(names, project.Name)
	}
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, namePrefix) })
}

func (r *report) verdictOf(t *testing.T, name string) verdict {
	t.Helper()
	for _, a := range r.Assumptions {
		if a.Name == name {
			return a.Verdict
		}
	}
	t.Fatalf("no assumption %q", name)
	return ""
}

// number returns a JSON number.
func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }
