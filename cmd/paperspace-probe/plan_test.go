package main

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paperspace-go/paperspace/internal/contract"
)

func TestPlanHasEveryEndpointThatOnlyReads(t *testing.T) {
	var planned, reads []string
	for _, s := range plan() {
		planned = append(planned, s.endpoint)
	}
	for _, e := range contract.Endpoints() {
		if e.Method == http.MethodGet {
			reads = append(reads, e.ID)
		}
	}
	slices.Sort(planned)
	slices.Sort(reads)
	assert.Equal(t, reads, slices.Compact(planned))
}

func TestPlanFindsTheObjectsInPathsFirst(t *testing.T) {
	given := map[kind]bool{none: true}
	for _, s := range plan() {
		assert.True(t, given[s.of], "%s needs a %s, which no step before it gives", s.endpoint, s.of)
		given[s.gives] = true
		if s.gives != none {
			assert.NotEmpty(t, s.key, s.endpoint)
		}
	}
}

func TestReadingReachesEveryEndpointOfAPopulatedService(t *testing.T) {
	p, r, _ := run{}.probe(t)
	assert.Empty(t, r.Unreached)
	for _, s := range plan() {
		calls := p.to(s.endpoint, reading)
		assert.NotEmpty(t, calls, s.endpoint)
		for _, x := range calls {
			if !x.isNull() { // the default private network
				assert.NoError(t, x.err, s.endpoint)
			}
		}
	}
}

func TestReadingSendsNothingThatChangesTheService(t *testing.T) {
	var writes []string
	_, _, _ = requests(func(r *http.Request) {
		if r.Method != http.MethodGet {
			writes = append(writes, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		}
	}).probe(t)
	assert.Equal(t, []string{"PATCH /v1/os-templates Bearer paperspace-probe-wrong-key"}, writes,
		"the only exception is a wrong method, with a wrong key")
}
