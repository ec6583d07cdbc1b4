package collector

import (
	"bufio"
	"compress/gzip"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/periskop-exporter/periskop_exporter/internal/names"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// Exceptions is the source of the counters.
type Exceptions interface {
	// Expose returns what the scraper is shown, and a function to call once it has
	// been sent all of it. It is called once per scrape.
	Expose(who merge.Scraper) (*merge.Exposition, func())
}

// Options of a [Handler].
type Options struct {
	Exceptions Exceptions
	// Registry has all other metrics.
	Registry *prometheus.Registry
	// Logger is told what goes wrong. Nil means discard.
	Logger *slog.Logger
}

// Handler serves the metrics in the format that the scraper prefers, compressed if it
// takes that; OpenMetrics and protobuf carry start timestamps and exemplars. A scraper is
// known by its address and user agent, and by its connection for as long as it keeps one.
func Handler(o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	// The fastest level: text like this comes out at a tenth of its size all the same.
	compress, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(gzip.BestSpeed))
	if err != nil {
		panic(err) // only for options that are out of range
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		exposition, answered := o.Exceptions.Expose(merge.Scraper{ID: scraperID(r), Connection: r.RemoteAddr})
		out := &writer{ResponseWriter: w}
		compress(o.answer(exposition)).ServeHTTP(out, r)
		if r.Method == http.MethodGet && out.whole() && r.Context().Err() == nil {
			answered()
		}
	})
}

// answer writes the exposition among the metrics of the registry.
func (o *Options) answer(x *merge.Exposition) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		families, err := o.Registry.Gather()
		if err != nil {
			o.Logger.Error("some metrics cannot be gathered", "err", err)
		}
		format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
		w.Header().Set("Content-Type", string(format))
		if err := encode(w, format, families, x); err != nil {
			o.Logger.Debug("metrics cannot be sent", "err", err)
		}
	}
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

// encode writes all families in the order of their names.
func encode(w io.Writer, format expfmt.Format, families []*dto.MetricFamily, x *merge.Exposition) error {
	out := bufio.NewWriterSize(w, 64<<10)
	encoder := expfmt.NewEncoder(out, format, expfmt.WithCreatedLines())
	for _, f := range ours(out, format, encoder, x) {
		for len(families) > 0 && families[0].GetName() < f.name {
			if err := encoder.Encode(families[0]); err != nil {
				return err
			}
			families = families[1:]
		}
		if err := f.write(); err != nil {
			return err
		}
	}
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return err
		}
	}
	if closer, ok := encoder.(expfmt.Closer); ok {
		if err := closer.Close(); err != nil {
			return err
		}
	}
	return out.Flush()
}

// A family is one of ours, and how to write it.
type family struct {
	name  string
	write func() error
}

// ours returns the families of exceptions, sorted by name.
func ours(out *bufio.Writer, format expfmt.Format, encoder expfmt.Encoder, x *merge.Exposition) []family {
	kind := format.FormatType()
	if isText := kind == expfmt.TypeTextPlain || kind == expfmt.TypeOpenMetrics; !isText || !isLegacy(x) {
		var list []family
		for _, f := range exceptionFamilies(x) {
			list = append(list, family{f.GetName(), func() error { return encoder.Encode(f) }})
		}
		return list
	}
	t := &text{w: out, openMetrics: kind == expfmt.TypeOpenMetrics}
	return []family{
		{names.ExceptionFirstSeen, func() error {
			return t.gauges(names.ExceptionFirstSeen, x.Seen, func(s *merge.Seen) time.Time { return s.First })
		}},
		{names.ExceptionLastSeen, func() error {
			return t.gauges(names.ExceptionLastSeen, x.Seen, func(s *merge.Seen) time.Time { return s.Last })
		}},
		{names.ExceptionsRegressedTotal, func() error { return t.counters(names.ExceptionsRegressedTotal, x.Regressed) }},
		{names.ExceptionsTotal, func() error { return t.counters(names.ExceptionsTotal, x.Exceptions) }},
	}
}
