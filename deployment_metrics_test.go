package paperspace

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
)

func TestDeploymentMetrics(t *testing.T) {
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	schema := contract.Lookup("deploymentMetrics-get").Response
	for name, tc := range map[string]struct {
		json string
		want DeploymentMetrics
		flat []MetricSample
	}{
		"one": {
			`{"timestamp":"2024-05-01T12:00:00Z","value":"9007199254740993"}`,
			DeploymentMetrics{Sample: &MetricSample{Timestamp: at, Value: "9007199254740993"}},
			[]MetricSample{{Timestamp: at, Value: "9007199254740993"}},
		},
		"samples": {
			`[{"timestamp":"2024-05-01T12:00:00Z","value":"1"},{"gpu":"0","instanceId":"i1","timestamp":"2024-05-01T12:00:00Z","value":"0.5"}]`,
			DeploymentMetrics{Samples: []MetricSample{{Timestamp: at, Value: "1"}, {GPU: "0", InstanceID: "i1", Timestamp: at, Value: "0.5"}}},
			[]MetricSample{{Timestamp: at, Value: "1"}, {GPU: "0", InstanceID: "i1", Timestamp: at, Value: "0.5"}},
		},
		"series": {
			`[{"instanceId":"i1","values":[{"timestamp":"2024-05-01T12:00:00Z","value":"1"}]},{"instanceId":"i2","values":[]}]`,
			DeploymentMetrics{Series: []MetricSeries{
				{InstanceID: "i1", Values: []MetricSample{{Timestamp: at, Value: "1"}}}, {InstanceID: "i2", Values: []MetricSample{}},
			}},
			[]MetricSample{{InstanceID: "i1", Timestamp: at, Value: "1"}},
		},
		"empty series": {
			`[{"instanceId":"i1","values":[]}]`, DeploymentMetrics{Series: []MetricSeries{{InstanceID: "i1", Values: []MetricSample{}}}}, nil,
		},
		"none": {`[]`, DeploymentMetrics{Samples: []MetricSample{}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Empty(t, schema.CheckJSON([]byte(tc.json)))
			rt := play(reply(200, " "+tc.json))
			got, err := newTestClient(t, rt).Deployments.GetMetrics(t.Context(), "d1", DeploymentMetricsParams{
				Metric: DeploymentMetricCPU, Timeframe: DeploymentTimeframe12Hours,
			})
			require.NoError(t, err)
			assert.Equal(t, "/v1/deployments/d1/metrics?metric=cpu&timeframe=12_hours", rt.requests[0].URL.RequestURI())
			assert.Equal(t, tc.want, *got)
			assert.Equal(t, tc.flat, got.Flat())

			plain := DeploymentMetrics{Sample: &MetricSample{}, Series: []MetricSeries{{}}}
			require.NoError(t, json.Unmarshal([]byte(tc.json), &plain))
			assert.Equal(t, tc.want, plain)
			for _, marshal := range []func(any) ([]byte, error){json.Marshal, encode} {
				b, err := marshal(got)
				require.NoError(t, err)
				assert.Equal(t, tc.json, string(b))
			}
		})
	}
	b, err := json.Marshal(DeploymentMetrics{})
	require.NoError(t, err)
	assert.Equal(t, "null", string(b))
}

// A null may take the place of an instance's values.
func TestSeriesWithNullValues(t *testing.T) {
	var m DeploymentMetrics
	require.NoError(t, decode([]byte(`[{"instanceId":"i1","values":null},
		{"instanceId":"i2","values":[{"timestamp":"2024-05-01T12:00:00Z","value":"1"}]}]`), &m))
	require.Len(t, m.Series, 2)
	assert.Equal(t, "i2", m.Flat()[0].InstanceID)
	assert.Equal(t, "1", m.Flat()[0].Value)
}

func TestMetricValues(t *testing.T) {
	for text, want := range map[string]float64{
		`"0.5"`: 0.5, `"9007199254740993"`: 9007199254740992, `"+Inf"`: math.Inf(1), `"1e-3"`: 0.001, `12.5`: 12.5,
	} {
		var m DeploymentMetrics
		require.NoError(t, decode([]byte(`[{"timestamp":"2024-05-01T12:00:00Z","value":`+text+`}]`), &m))
		got, err := m.Samples[0].Float64()
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	nan, err := MetricSample{Value: "NaN"}.Float64()
	require.NoError(t, err)
	assert.True(t, math.IsNaN(nan))
	_, err = MetricSample{}.Float64()
	assert.Error(t, err)
	for _, text := range []string{`"x"`, `["x"]`, `[{"timestamp":"x"}]`} {
		assert.Error(t, decode([]byte(text), new(DeploymentMetrics)), text)
	}
}

func TestGetMetricsNeedsAMetric(t *testing.T) {
	rt := play(reply(200, `[]`))
	_, err := newTestClient(t, rt).Deployments.GetMetrics(t.Context(), "d1", DeploymentMetricsParams{})
	require.ErrorContains(t, err, "metric: is required")
	assert.Zero(t, rt.count())
}
