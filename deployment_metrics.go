package paperspace

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// DeploymentMetricsParams name the metric that is wanted.
type DeploymentMetricsParams struct {
	// Metric is the metric.
	Metric DeploymentMetric `url:"metric" check:"required"`
	// Timeframe is how far back it goes; empty leaves it to the service.
	Timeframe DeploymentTimeframe `url:"timeframe,omitempty"`
}

// DeploymentMetric is something that is measured of a deployment.
type DeploymentMetric string

// What is measured of a deployment.
const (
	// DeploymentMetricRequestsTotal counts the requests that the load balancer has received.
	DeploymentMetricRequestsTotal DeploymentMetric = "requests_total"
	// DeploymentMetricRequestsPerSecond is how many requests a second it receives.
	DeploymentMetricRequestsPerSecond DeploymentMetric = "requests_per_second"
	// DeploymentMetricRequestsDuration1m is how long a request takes on average over a minute, in seconds.
	DeploymentMetricRequestsDuration1m DeploymentMetric = "requests_duration_seconds_1m"
	// DeploymentMetricRequestsDuration5m is how long a request takes on average over five minutes, in seconds.
	DeploymentMetricRequestsDuration5m DeploymentMetric = "requests_duration_seconds_5m"
	// DeploymentMetricCPU is the CPU that each instance uses.
	DeploymentMetricCPU DeploymentMetric = "cpu"
	// DeploymentMetricMemory is the working set of each instance, in bytes.
	DeploymentMetricMemory DeploymentMetric = "memory"
	// DeploymentMetricGPU is the GPU that each instance uses.
	DeploymentMetricGPU DeploymentMetric = "gpu"
)

// Known reports whether the API documents the value.
func (m DeploymentMetric) Known() bool {
	switch m {
	case DeploymentMetricRequestsTotal, DeploymentMetricRequestsPerSecond, DeploymentMetricRequestsDuration1m,
		DeploymentMetricRequestsDuration5m, DeploymentMetricCPU, DeploymentMetricMemory, DeploymentMetricGPU:
		return true
	}
	return false
}

// DeploymentTimeframe is how far back a metric goes.
type DeploymentTimeframe string

// How far back a metric can go.
const (
	DeploymentTimeframeHour    DeploymentTimeframe = "hour"
	DeploymentTimeframe12Hours DeploymentTimeframe = "12_hours"
	DeploymentTimeframeDay     DeploymentTimeframe = "day"
	DeploymentTimeframe1Week   DeploymentTimeframe = "1_week"
	DeploymentTimeframe2Weeks  DeploymentTimeframe = "2_weeks"
)

// Known reports whether the API documents the value.
func (t DeploymentTimeframe) Known() bool {
	switch t {
	case DeploymentTimeframeHour, DeploymentTimeframe12Hours, DeploymentTimeframeDay, DeploymentTimeframe1Week,
		DeploymentTimeframe2Weeks:
		return true
	}
	return false
}

// DeploymentMetrics is a metric of a deployment. The service answers in one of three forms, and the API does not say
// which metric has which: one of the fields is set. [DeploymentMetrics.Flat] reads them all alike.
type DeploymentMetrics struct {
	// Sample is a single value, of the deployment as a whole.
	Sample *MetricSample
	// Samples are values of several instances, GPUs or times. It is empty, and not nil, if there are none.
	Samples []MetricSample
	// Series are the values of each instance over time.
	Series []MetricSeries
}

// MetricSeries is a metric of one instance over time.
type MetricSeries struct {
	// InstanceID is the instance.
	InstanceID string `json:"instanceId"`
	// Values are its samples. They leave the instance out.
	Values []MetricSample `json:"values"`
}

// MetricSample is a metric at a time.
type MetricSample struct {
	// GPU is the GPU that it was measured of; empty if it was not measured of one.
	GPU string `json:"gpu,omitzero"`
	// InstanceID is the instance that it was measured of; empty if it was not measured of one.
	InstanceID string `json:"instanceId,omitzero"`
	// Timestamp is when it was measured.
	Timestamp time.Time `json:"timestamp"`
	// Value is the number as the service writes it. [MetricSample.Float64] reads it.
	Value string `json:"value"`
}

// Float64 returns the value as a number, the nearest that a float64 can hold. It may be NaN or infinite.
func (s MetricSample) Float64() (float64, error) { return strconv.ParseFloat(s.Value, 64) }

// Flat returns all samples in the order in which they came, those of a series with their instance.
func (m DeploymentMetrics) Flat() []MetricSample {
	var flat []MetricSample
	if m.Sample != nil {
		flat = append(flat, *m.Sample)
	}
	flat = append(flat, m.Samples...)
	for _, series := range m.Series {
		for _, sample := range series.Values {
			sample.InstanceID = series.InstanceID
			flat = append(flat, sample)
		}
	}
	return flat
}

// MarshalJSON writes the form that is set, as the service does.
func (m DeploymentMetrics) MarshalJSON() ([]byte, error) {
	switch {
	case m.Sample != nil:
		return json.Marshal(m.Sample)
	case m.Series != nil:
		return json.Marshal(m.Series)
	case m.Samples != nil:
		return json.Marshal(m.Samples)
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads any of the forms.
func (m *DeploymentMetrics) UnmarshalJSON(data []byte) error {
	*m = DeploymentMetrics{}
	if !bytes.HasPrefix(data, []byte("[")) {
		return decode(data, &m.Sample)
	}
	var series []MetricSeries
	if err := decode(data, &series); err != nil {
		return err
	}
	if slices.ContainsFunc(series, func(s MetricSeries) bool { return s.Values != nil }) {
		m.Series = series
		return nil
	}
	return decode(data, &m.Samples)
}
