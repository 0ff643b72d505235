package outbox

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/xunjia/xunjia"
)

// metrics is what the operator watches. Labels hold kinds and states, never
// people.
type metrics struct {
	events     *prometheus.CounterVec
	told       prometheus.Counter
	deliveries *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
	wait       *prometheus.HistogramVec
	backlog    *prometheus.GaugeVec
	stopped    *prometheus.GaugeVec
	budget     prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "xunjia_outbox_events_total",
			Help: "Events, by kind and by result: told, postponed, dead."}, []string{"kind", "result"}),
		told: prometheus.NewCounter(prometheus.CounterOpts{Name: "xunjia_outbox_notifications_total",
			Help: "Rows written to inboxes."}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "xunjia_outbox_deliveries_total",
			Help: "Tries, by what became of the delivery: sent, pending (again later), failed, skipped, unknown, dead, held, budget, put_back, lease_lost, unrecorded."},
			[]string{"channel", "lane", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "xunjia_outbox_send_seconds",
			Help: "How long the channel took to answer.", Buckets: []float64{.05, .1, .25, .5, 1, 2, 4, 8}}, []string{"channel"}),
		wait: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "xunjia_outbox_wait_seconds",
			Help: "From queued to sent.", Buckets: []float64{.1, .25, .5, 1, 2, 5, 15, 60, 300, 1800, 7200}}, []string{"channel", "lane"}),
		backlog: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "xunjia_outbox_backlog",
			Help: "Deliveries that wait, are being sent, or are dead."}, []string{"channel", "lane", "state"}),
		stopped: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "xunjia_outbox_stopped",
			Help: "1 while a channel, or one kind of message on it, takes nothing."}, []string{"stop"}),
		budget: prometheus.NewGauge(prometheus.GaugeOpts{Name: "xunjia_sms_budget_used_ratio",
			Help: "Share of the day's SMS budget that was used when this instance last sent one."}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.events, m.told, m.deliveries, m.seconds, m.wait, m.backlog, m.stopped, m.budget} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// laneName names a lane in metrics.
func laneName(l xunjia.Lane) string {
	switch l {
	case xunjia.UrgentLane:
		return "urgent"
	case xunjia.DirectLane:
		return "direct"
	}
	return "mass"
}
