package handlers

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// newMetrics makes the histogram of answer times, by route and status.
func newMetrics(registry prometheus.Registerer) (*prometheus.HistogramVec, error) {
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "xunjia_http_request_seconds", Help: "Time to answer a request.",
		Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	}, []string{"method", "route", "status"})
	if registry == nil {
		return seconds, nil
	}
	if err := registry.Register(seconds); err != nil {
		return nil, fmt.Errorf("handlers: %w", err)
	}
	return seconds, nil
}
