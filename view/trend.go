package view

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// A trend is a picture of what grew over two weeks, which only Prometheus remembers. It is
// a file of its own, so that a page never waits for Prometheus.
const (
	trendStep  = 6 * time.Hour
	trendSteps = 56
	// trendTimeout is how long Prometheus may take, and trendAge how long a picture is
	// shown without asking again.
	trendTimeout = 5 * time.Second
	trendAge     = time.Minute
	// maxTrends bounds the pictures that are kept, of a few kilobytes each, and
	// maxTrendQueries what is asked at once.
	maxTrends       = 500
	maxTrendQueries = 4
)

// A trendImage is where the picture is, and how large.
type trendImage struct {
	URL           string
	Width, Height int
}

const trendBar, trendHeight = 6, 64

func newTrendImage(address string) *trendImage {
	return &trendImage{URL: address, Width: trendSteps * trendBar, Height: trendHeight}
}

// trends draws the pictures. Its methods are safe for concurrent use.
type trends struct {
	prometheus *prometheusClient
	now        func() time.Time
	asking     chan struct{} // of capacity maxTrendQueries

	mu    sync.Mutex            // guards drawn
	drawn map[string]drawnTrend // by expression
}

type drawnTrend struct {
	at    time.Time
	image string
}

func newTrends(p *prometheusClient, now func() time.Time) *trends {
	return &trends{prometheus: p, now: now, asking: make(chan struct{}, maxTrendQueries), drawn: map[string]drawnTrend{}}
}

// serveTrend answers with the picture of one exception.
func (v *view) serveTrend(w http.ResponseWriter, r *http.Request) {
	e := v.find(v.Snapshot(), r.PathValue("id"))
	if e == nil || v.trends == nil {
		v.serveNotFound(w, r)
		return
	}
	v.writeTrend(w, r, trendQuery(names.ExceptionID, e.ID))
}

// serveServiceTrend answers with that of all exceptions of a service.
func (v *view) serveServiceTrend(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get(names.ServiceName)
	if v.trends == nil || v.Snapshot().Service(name) == nil {
		v.serveNotFound(w, r)
		return
	}
	v.writeTrend(w, r, trendQuery(names.ServiceName, name))
}

// writeTrend answers with a picture in any case: one that says why it has no bars is
// better than one that is missing.
func (v *view) writeTrend(w http.ResponseWriter, r *http.Request, expr string) {
	image, err := v.trends.image(r.Context(), expr)
	if err != nil {
		v.Logger.Debug("prometheus not asked", "err", err)
		image = drawTrend(nil, "Prometheus does not answer")
	}
	w.Header().Set("Cache-Control", fmt.Sprintf("private, max-age=%d", int(trendAge/time.Second)))
	v.write(w, http.StatusOK, "image/svg+xml", []byte(image))
}

func (t *trends) image(ctx context.Context, expr string) (string, error) {
	now := t.now()
	if image, ok := t.kept(expr, now); ok {
		return image, nil
	}
	ctx, cancel := context.WithTimeout(ctx, trendTimeout)
	defer cancel()
	select {
	case t.asking <- struct{}{}:
		defer func() { <-t.asking }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if image, ok := t.kept(expr, now); ok { // somebody else asked meanwhile
		return image, nil
	}
	// The bars end at the same times whenever they are drawn, the last one in the future.
	end := now.Truncate(trendStep).Add(trendStep)
	values, err := t.prometheus.history(ctx, expr, end.Add(-(trendSteps-1)*trendStep), trendStep, trendSteps)
	if err != nil {
		return "", err
	}
	image := drawTrend(values, "Nothing in two weeks")
	t.keep(expr, now, image)
	return image, nil
}

func (t *trends) kept(expr string, now time.Time) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d, ok := t.drawn[expr]
	return d.image, ok && now.Sub(d.at) < trendAge
}

func (t *trends) keep(expr string, now time.Time, image string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.drawn) >= maxTrends {
		clear(t.drawn)
	}
	t.drawn[expr] = drawnTrend{now, image}
}

// drawTrend draws the bars, or the words when there are none. Its colours are seen on light
// ground and on dark.
func drawTrend(values []float64, otherwise string) string {
	var b strings.Builder
	width := trendSteps * trendBar
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">`, width, trendHeight, width, trendHeight)
	fmt.Fprintf(&b, `<path fill="#788896" d="M0 %dh%dv1H0z"/>`, trendHeight-1, width)
	most := 0.0
	if len(values) > 0 {
		most = slices.Max(values)
	}
	if most <= 0 {
		fmt.Fprintf(&b, `<text x="0" y="%d" fill="#788896" font-family="system-ui, sans-serif" font-size="12">%s</text></svg>`, trendHeight-8, otherwise)
		return b.String()
	}
	b.WriteString(`<path fill="#2a8795" d="`)
	for i, value := range values {
		if value > 0 {
			bar := max(int(value/most*float64(trendHeight-16)), 2)
			fmt.Fprintf(&b, "M%d %dv-%dh%dv%dz", i*trendBar, trendHeight-1, bar, trendBar-1, bar)
		}
	}
	fmt.Fprintf(&b, `"/><text x="0" y="10" fill="#788896" font-family="system-ui, sans-serif" font-size="11">at most %s in 6 hours</text></svg>`, short(uint64(most+0.5)))
	return b.String()
}
