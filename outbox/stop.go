package outbox

import (
	"context"
	"sync"
	"time"

	"github.com/xunjia/xunjia/store"
)

// stops is what this instance knows of the channels that take nothing. The
// database tells it of stops that other instances found, and of their end.
type stops struct {
	mu     sync.Mutex
	byName map[string]store.Stop
}

func newStops() *stops { return &stops{byName: map[string]store.Stop{}} }

func (s *stops) find(name string) (store.Stop, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stop, ok := s.byName[name]
	return stop, ok
}

func (s *stops) put(stop store.Stop) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byName[stop.Name] = stop
}

// postpone puts off the next probe.
func (s *stops) postpone(name string, probe time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stop, ok := s.byName[name]; ok {
		stop.ProbeAt = probe
		s.byName[name] = stop
	}
}

func (s *stops) remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byName, name)
}

// replace forgets everything but list and answers the names that are gone.
func (s *stops) replace(list []store.Stop) (gone []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byName := make(map[string]store.Stop, len(list))
	for _, stop := range list {
		byName[stop.Name] = stop
	}
	for name := range s.byName {
		if _, ok := byName[name]; !ok {
			gone = append(gone, name)
		}
	}
	s.byName = byName
	return gone
}

// readStops learns what the other instances found out.
func (o *Outbox) readStops(ctx context.Context) error {
	list, err := o.Store.Stops(ctx)
	if err != nil {
		return err
	}
	for _, name := range o.stops.replace(list) {
		o.metrics.stopped.WithLabelValues(name).Set(0)
	}
	for _, stop := range list {
		o.metrics.stopped.WithLabelValues(stop.Name).Set(1)
	}
	return nil
}
