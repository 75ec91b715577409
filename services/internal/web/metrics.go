// SPDX-License-Identifier: MIT

package web

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"systemlab/services/internal/cache"
)

// meters are what /metrics shows. Everything that a request touches is looked up when the server is made.
type meters struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	outcomes map[cache.Outcome]prometheus.Counter
}

func newMeters(more []prometheus.Collector) *meters {
	m := &meters{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lab_requests_total", Help: "Requests by endpoint, method and status code (499: the client left).",
		}, []string{"endpoint", "method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "lab_request_seconds", Help: "Time from the request's headers to the answer's last byte.",
			Buckets: []float64{.0002, .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 20},
		}, []string{"endpoint", "method"}),
		outcomes: map[cache.Outcome]prometheus.Counter{},
	}
	reads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "lab_cache_reads_total", Help: "Reads that a cache could serve, by outcome.",
	}, []string{"outcome"})
	for _, o := range []cache.Outcome{cache.Hit, cache.Miss, cache.Off, cache.Down} {
		m.outcomes[o] = reads.WithLabelValues(string(o))
	}
	m.registry.MustRegister(m.requests, m.seconds, reads,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(more...)
	return m
}

func (m *meters) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

func (m *meters) cached(o cache.Outcome) {
	if o != "" {
		m.outcomes[o].Inc()
	}
}

func (m *meters) endpoint(path, method string) *endpointMeter {
	label := path
	if path == "/" {
		label = "other"
	}
	if method == "" {
		method = "other"
	}
	return &endpointMeter{
		seconds: m.seconds.WithLabelValues(label, method),
		counter: func(code int) prometheus.Counter {
			return m.requests.WithLabelValues(label, method, strconv.Itoa(code))
		},
	}
}

// endpointMeter counts the answers of one endpoint.
type endpointMeter struct {
	seconds prometheus.Observer
	counter func(code int) prometheus.Counter
	codes   sync.Map // of status code to prometheus.Counter
}

func (e *endpointMeter) count(code int, d time.Duration) {
	e.seconds.Observe(d.Seconds())
	c, known := e.codes.Load(code)
	if !known {
		c, _ = e.codes.LoadOrStore(code, e.counter(code))
	}
	c.(prometheus.Counter).Inc()
}
