package paperspace

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// DeploymentMetricsParams select a metric and its time frame.
type DeploymentMetricsParams struct {
	// Metric is the metric to fetch.
	Metric DeploymentMetric `url:"metric" check:"required"`
	// Timeframe is how far back the values go. If empty, the service chooses.
	Timeframe DeploymentTimeframe `url:"timeframe,omitempty"`
}

// DeploymentMetric is the name of a metric of a deployment.
type DeploymentMetric string

// The metrics of a deployment.
const (
	// DeploymentMetricRequestsTotal is the number of requests that the load balancer has received.
	DeploymentMetricRequestsTotal DeploymentMetric = "requests_total"
	// DeploymentMetricRequestsPerSecond is the number of requests per second that the load balancer receives.
	DeploymentMetricRequestsPerSecond DeploymentMetric = "requests_per_second"
	// DeploymentMetricRequestsDuration1m is the average duration of a request over one minute, in seconds.
	DeploymentMetricRequestsDuration1m DeploymentMetric = "requests_duration_seconds_1m"
	// DeploymentMetricRequestsDuration5m is the average duration of a request over five minutes, in seconds.
	DeploymentMetricRequestsDuration5m DeploymentMetric = "requests_duration_seconds_5m"
	// DeploymentMetricCPU is the CPU usage of each instance. The API does not document the unit.
	DeploymentMetricCPU DeploymentMetric = "cpu"
	// DeploymentMetricMemory is the working set of each instance, in bytes.
	DeploymentMetricMemory DeploymentMetric = "memory"
	// DeploymentMetricGPU is the GPU usage of each instance. The API does not document the unit.
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

// DeploymentTimeframe is how far back the values of a metric go.
type DeploymentTimeframe string

// The time frames of metrics.
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

// DeploymentMetrics holds the values of a metric. The service returns them in one of three forms, so one of the fields
// is set; the API does not document which metric has which form. [DeploymentMetrics.Flat] reads all three alike.
type DeploymentMetrics struct {
	// Sample is a single value for the whole deployment.
	Sample *MetricSample
	// Samples are the values of several instances, GPUs or times. If there are none, it is empty but not nil.
	Samples []MetricSample
	// Series holds the values of each instance over time.
	Series []MetricSeries
}

// MetricSeries holds the values of a metric of one instance over time.
type MetricSeries struct {
	InstanceID string `json:"instanceId"`
	// Values are the samples. Their InstanceID is empty.
	Values []MetricSample `json:"values"`
}

// MetricSample is the value of a metric at a point in time.
type MetricSample struct {
	// GPU is the GPU that was measured; empty if the metric is not about a GPU.
	GPU string `json:"gpu,omitzero"`
	// InstanceID is the instance that was measured; empty if the metric is about the whole deployment.
	InstanceID string `json:"instanceId,omitzero"`
	// Timestamp is when the value was measured.
	Timestamp time.Time `json:"timestamp"`
	// Value is the number as the service writes it. [MetricSample.Float64] parses it.
	Value string `json:"value"`
}

// Float64 returns the value as the nearest float64, which may be NaN or infinite.
func (s MetricSample) Float64() (float64, error) { return strconv.ParseFloat(s.Value, 64) }

// Flat returns all samples in their order. The samples of a series get the series' InstanceID.
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

// MarshalJSON encodes the form that is set, as the service does.
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

// UnmarshalJSON decodes any of the three forms.
func (m *DeploymentMetrics) UnmarshalJSON(data []byte) error {
	*m = DeploymentMetrics{}
	if !bytes.HasPrefix(data, []byte("[")) {
		return unmarshal(data, &m.Sample)
	}
	var series []MetricSeries
	if err := unmarshal(data, &series); err != nil {
		return err
	}
	if slices.ContainsFunc(series, func(s MetricSeries) bool { return s.Values != nil }) {
		m.Series = series
		return nil
	}
	return unmarshal(data, &m.Samples)
}

// fromResponse decodes any of the forms.
func (m *DeploymentMetrics) fromResponse(data []byte, decode func(any) bool) bool {
	if !bytes.HasPrefix(data, []byte("[")) {
		return decode(&m.Sample)
	}
	var series []MetricSeries
	fits := decode(&series)
	if slices.ContainsFunc(series, func(s MetricSeries) bool { return s.Values != nil }) {
		m.Series = series
		return fits
	}
	return decode(&m.Samples)
}
