package paperspace

import (
	"net/http"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A clone equals the original and shares no memory with it. Each of two waits for one object gets its own.
func TestClone(t *testing.T) {
	var d Deployment
	require.NoError(t, decode([]byte(`{"id":"d","latestSpec":{"id":"1","externalApplied":"2024-01-01T00:00:00+02:00","data":{"apiVersion":"latest",
		"name":"api","image":"i","unknown":{"a":1.50},"env":[{"name":"K","value":"[REDACTED]"}],"command":[],"resources":{"machineType":"C5","replicas":0}}}}`), &d))
	other := clone(&d)
	assert.True(t, reflect.DeepEqual(&d, other))
	config, copied := d.LatestSpec.Data.V1, other.LatestSpec.Data.V1
	copied.Env[0].Name, *copied.Resources.Replicas, copied.Unknown["unknown"][0] = "changed", 7, 'x'
	copied.Unknown["more"] = RawJSON(`1`)
	assert.Equal(t, "K", config.Env[0].Name)
	assert.Zero(t, *config.Resources.Replicas)
	assert.Len(t, config.Unknown, 1)
	assert.Equal(t, RawJSON(`{"a":1.50}`), config.Unknown["unknown"])
	assert.Nil(t, clone[Machine](nil))

	metadata := map[string]any{"list": []any{map[string]any{"a": 1.5}}}
	version := clone(&DatasetVersion{Metadata: metadata})
	version.Metadata["list"].([]any)[0].(map[string]any)["a"] = "changed"
	assert.Equal(t, map[string]any{"list": []any{map[string]any{"a": 1.5}}}, metadata)

	synctest.Test(t, func(t *testing.T) {
		s := service{"GET /deployments/d": play(spec("1", "healthy")), "GET /deployments/d/runs": noRuns}
		rt := step(func(r *http.Request) (*http.Response, error) {
			time.Sleep(100 * time.Millisecond)
			return s.RoundTrip(r)
		})
		c := newTestClient(t, rt)
		var results [2]*Deployment
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() { results[i], _ = c.Deployments.WaitUntilHealthy(t.Context(), "d", WaitUntilHealthyParams{}) })
		}
		wg.Wait()
		require.NotNil(t, results[0])
		require.NotNil(t, results[1])
		assert.NotSame(t, results[0].LatestSpec, results[1].LatestSpec)
	})
}
