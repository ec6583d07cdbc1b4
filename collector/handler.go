package collector

import (
	"log/slog"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// Exceptions is the source of the counters.
type Exceptions interface {
	// Expose returns what the scraper is shown, and a function to call once it has
	// been sent all of it. It is called once per scrape.
	Expose(scraperID string) (*merge.Exposition, func())
}

// Options of a [Handler].
type Options struct {
	Exceptions Exceptions
	// Registry has all other metrics, and takes those of the handler itself.
	Registry *prometheus.Registry
	// Logger is told what goes wrong. Nil means discard.
	Logger *slog.Logger
}

// Handler serves the metrics in the format that the scraper prefers; OpenMetrics and
// protobuf carry start timestamps and exemplars. A scraper is known by its address and
// user agent.
func Handler(o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	opts := promhttp.HandlerOpts{
		ErrorLog:                            slog.NewLogLogger(o.Logger.Handler(), slog.LevelError),
		ErrorHandling:                       promhttp.ContinueOnError,
		Registry:                            o.Registry,
		EnableOpenMetrics:                   true,
		EnableOpenMetricsTextCreatedSamples: true,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		exposition, answered := o.Exceptions.Expose(scraperID(r))
		out := &writer{ResponseWriter: w}
		promhttp.HandlerFor(gatherer(o.Registry, exposition), opts).ServeHTTP(out, r)
		if r.Method == http.MethodGet && out.whole() && r.Context().Err() == nil {
			answered()
		}
	})
}

// scraperID names who asks, the same for every scrape of one Prometheus server.
func scraperID(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	const longest = 256 // of what a stranger can make us remember
	agent := r.UserAgent()
	return host + " " + agent[:min(len(agent), longest)]
}

// A writer notes whether the answer was written.
type writer struct {
	http.ResponseWriter
	status int
	err    error
}

func (w *writer) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	if err != nil {
		w.err = err
	}
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *writer) whole() bool { return w.err == nil && (w.status == 0 || w.status == http.StatusOK) }

// gatherer returns one that adds the exceptions to what rest gathers. The families are
// sorted by name.
func gatherer(rest prometheus.Gatherer, x *merge.Exposition) prometheus.Gatherer {
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		families, err := rest.Gather()
		return insertSorted(families, exceptionFamilies(x)), err
	})
}
