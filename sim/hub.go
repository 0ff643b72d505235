package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// event is what /sim/api/events tells the browser client.
type event struct {
	Kind    string   `json:"kind"` // message, state, sms or open
	User    string   `json:"user,omitempty"`
	AppID   string   `json:"app_id,omitempty"`
	Message *Message `json:"message,omitempty"`
	SMS     *SMS     `json:"sms,omitempty"`
	URL     string   `json:"url,omitempty"`
}

// hub fans events out to the listening browsers. A browser that does not keep
// up is told to reload the state instead of slowing anybody down.
type hub struct {
	mu      sync.Mutex
	subs    map[chan event]struct{}
	changed atomic.Bool // something happened since the state was saved
}

func newHub() *hub { return &hub{subs: map[chan event]struct{}{}} }

func (h *hub) publish(e event) {
	h.changed.Store(true)
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.subs {
		select {
		case ch <- e:
		default:
			close(ch)
			delete(h.subs, ch)
		}
	}
}

func (h *hub) subscribe() chan event {
	ch := make(chan event, 256)
	h.mu.Lock()
	h.subs[ch] = struct{}{}
	h.mu.Unlock()
	return ch
}

func (h *hub) unsubscribe(ch chan event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.subs[ch]; ok {
		close(ch)
		delete(h.subs, ch)
	}
}

// serveEvents is GET /sim/api/events: server-sent events until the browser or
// the simulator goes away.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	ch := s.hub.subscribe()
	defer s.hub.unsubscribe(ch)
	_, _ = fmt.Fprint(w, "retry: 1000\n\n")
	if rc.Flush() != nil {
		return
	}
	beat := time.NewTicker(15 * time.Second)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-s.ctx.Done():
			return
		case <-beat.C:
			_, _ = fmt.Fprint(w, ": alive\n\n")
		case e, ok := <-ch:
			if !ok {
				return // fell behind: the browser reconnects and reads the state anew
			}
			data, _ := json.Marshal(e)
			_, _ = fmt.Fprintf(w, "data: %s\n\n", data)
		}
		if rc.Flush() != nil {
			return
		}
	}
}
