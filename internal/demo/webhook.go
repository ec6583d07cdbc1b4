package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// A webhook receives the notifications of Alertmanager and tells which alerts fire.
type webhook struct {
	url      string
	server   *http.Server
	serving  sync.WaitGroup
	exporter string
	logger   *slog.Logger

	mu      sync.Mutex // guards what follows
	out     io.Writer
	printed map[string]bool // by fingerprint and start
}

// A notification is what Alertmanager sends (version 4 of its webhook format).
type notification struct {
	Alerts []alert `json:"alerts"`
}

type alert struct {
	Status      string            `json:"status"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	Fingerprint string            `json:"fingerprint"`
}

func listenWebhook(ctx context.Context, o MonitoringOptions) (*webhook, error) {
	l, err := ListenLocal(ctx, 0)
	if err != nil {
		return nil, err
	}
	h := &webhook{
		url:      "http://" + l.Addr().String() + "/alerts",
		exporter: o.ExporterURL,
		logger:   o.Logger,
		out:      o.Out,
		printed:  map[string]bool{},
	}
	h.server = &http.Server{Handler: h, ReadTimeout: 10 * time.Second}
	h.serving.Go(func() {
		if err := h.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			h.logger.Error("alerts cannot be received any more", "err", err)
		}
	})
	return h, nil
}

func (h *webhook) close() error {
	err := h.server.Close()
	h.serving.Wait()
	return err
}

func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const most = 16 << 20 // far more than a few dozen alerts
	var n notification
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, most)).Decode(&n); err != nil {
		http.Error(w, "not a notification of Alertmanager: "+err.Error(), http.StatusBadRequest)
		return
	}
	h.print(n.Alerts)
}

// print prints each alert once: Alertmanager sends those that go on with each new one of
// their group.
func (h *webhook) print(alerts []alert) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range alerts {
		id := a.Fingerprint + a.StartsAt.String()
		if a.Status != "firing" || h.printed[id] {
			continue
		}
		h.printed[id] = true
		fmt.Fprint(h.out, a.text(h.exporter))
	}
}

// text is the alert on the terminal: what it is, and the link to the stack trace.
func (a *alert) text(exporter string) string {
	name := a.Labels["alertname"]
	if service := a.Labels["service_name"]; service != "" {
		name += " in " + service
	}
	text := fmt.Sprintf("%s  alert fired: %s", a.StartsAt.Local().Format(time.TimeOnly), name)
	if summary := a.Annotations["summary"]; summary != "" {
		text += ": " + summary
	}
	text = printable(text) + "\n"
	if link := a.link(exporter); link != "" {
		text += "          " + printable(link) + "\n"
	}
	return text
}

// link is the annotation that leads to the exporter, to a stack trace if there is one.
func (a *alert) link(exporter string) string {
	base := strings.TrimSuffix(exporter, "/") + "/"
	link := ""
	for _, name := range slices.Sorted(maps.Keys(a.Annotations)) {
		v := a.Annotations[name]
		switch {
		case strings.HasPrefix(v, base+"trace/"):
			return v
		case link == "" && strings.HasPrefix(v, base):
			link = v
		}
	}
	return link
}

// printable keeps what an exception says from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
