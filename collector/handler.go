package collector

import (
	"bufio"
	"compress/gzip"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
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
	// Expose returns what is shown now, and a function to call once who asks has been
	// sent all of it. It is called once per scrape.
	Expose(who merge.Scraper) (*merge.Exposition, func())
}

// Options of a [Handler].
type Options struct {
	Exceptions Exceptions
	// Registry has all other metrics.
	Registry *prometheus.Registry
	// Replica is the label of that name which all series have, "" for none. Nil is none.
	Replica func() string
	// Logger is told what goes wrong. Nil means discard.
	Logger *slog.Logger
}

// Handler serves the metrics in the format that the scraper prefers, compressed if it
// takes that. OpenMetrics and protobuf carry exemplars, and protobuf start timestamps too.
// With parameters service_name it serves those services only, and what concerns none.
func Handler(o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Replica == nil {
		o.Replica = func() string { return "" }
	}
	// The fastest level: text like this comes out at a tenth of its size all the same.
	compress, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(gzip.BestSpeed))
	if err != nil {
		panic(err) // only for options that are out of range
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			// Nobody sees a value: it must not count as shown.
			w.Header().Set("Content-Type", string(formatFor(r)))
			return
		}
		services := r.URL.Query()[names.ServiceName]
		exposition, answered := o.Exceptions.Expose(scraper(r, services))
		out := &responseRecorder{ResponseWriter: w}
		compress(o.answer(exposition, services)).ServeHTTP(out, r)
		if out.complete() && r.Context().Err() == nil {
			answered()
		}
	})
}

func formatFor(r *http.Request) expfmt.Format {
	return expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
}

// answer writes the exposition among the metrics of the registry.
func (o *Options) answer(x *merge.Exposition, services []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		families, err := o.Registry.Gather()
		if err != nil {
			o.Logger.Error("some metrics cannot be gathered", "err", err)
		}
		format := formatFor(r)
		w.Header().Set("Content-Type", string(format))
		replica := o.Replica()
		for _, f := range families {
			addReplica(f, replica)
		}
		if err := encode(w, format, choose(families, services), x, replica); err != nil {
			o.Logger.Debug("metrics cannot be sent", "err", err)
		}
	}
}

// scraper says who asks. Of servers behind one address, some differ in what a proxy says
// of them, or in how long they wait, which Prometheus and vmagent tell.
func scraper(r *http.Request, services []string) merge.Scraper {
	const timeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"
	id := []string{host(r.RemoteAddr), r.UserAgent(), r.Header.Get(timeoutHeader)}
	for _, header := range r.Header["X-Forwarded-For"] {
		for client := range strings.SplitSeq(header, ",") {
			id = append(id, host(strings.TrimSpace(client)))
		}
	}
	who := merge.Scraper{ID: strings.Join(id, "\n"), Services: services}
	if id[0] != r.RemoteAddr {
		who.Connection = r.RemoteAddr // its port tells
	}
	if seconds, err := strconv.ParseFloat(r.Header.Get(timeoutHeader), 64); err == nil && seconds > 0 && seconds < 3600 {
		who.Timeout = time.Duration(seconds * float64(time.Second))
	}
	return who
}

// host returns the address without its port, if it has one.
func host(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// choose returns the families without the metrics that name another service than those,
// and all of them when there are none.
func choose(families []*dto.MetricFamily, services []string) []*dto.MetricFamily {
	if len(services) == 0 {
		return families
	}
	chosen := make(map[string]bool, len(services))
	for _, service := range services {
		chosen[service] = true
	}
	ofOthers := func(l *dto.LabelPair) bool { return l.GetName() == names.ServiceName && !chosen[l.GetValue()] }
	out := make([]*dto.MetricFamily, 0, len(families))
	for _, f := range families {
		f.Metric = slices.DeleteFunc(f.GetMetric(), func(m *dto.Metric) bool {
			return slices.ContainsFunc(m.GetLabel(), ofOthers)
		})
		if len(f.GetMetric()) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// A responseRecorder notes whether the whole answer was written.
type responseRecorder struct {
	http.ResponseWriter
	status int
	err    error
}

func (w *responseRecorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *responseRecorder) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	if err != nil {
		w.err = err
	}
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *responseRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *responseRecorder) complete() bool {
	return w.err == nil && (w.status == 0 || w.status == http.StatusOK)
}

// encode writes all families in the order of their names.
func encode(w io.Writer, format expfmt.Format, families []*dto.MetricFamily, x *merge.Exposition, replica string) error {
	out := bufio.NewWriterSize(w, 64<<10)
	encoder := expfmt.NewEncoder(out, format)
	for _, f := range ours(out, format, encoder, x, replica) {
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
func ours(out *bufio.Writer, format expfmt.Format, encoder expfmt.Encoder, x *merge.Exposition, replica string) []family {
	kind := format.FormatType()
	if isText := kind == expfmt.TypeTextPlain || kind == expfmt.TypeOpenMetrics; !isText || !isLegacy(x) {
		var list []family
		for _, f := range exceptionFamilies(x, replica) {
			list = append(list, family{f.GetName(), func() error { return encoder.Encode(f) }})
		}
		return list
	}
	t := &text{w: out, replica: replica, openMetrics: kind == expfmt.TypeOpenMetrics}
	return []family{
		{names.ExceptionFirstSeen, func() error {
			return t.gauges(names.ExceptionFirstSeen, x.Seen, func(s *merge.Seen) time.Time { return s.First })
		}},
		{names.ExceptionLastSeen, func() error {
			return t.gauges(names.ExceptionLastSeen, x.Seen, func(s *merge.Seen) time.Time { return s.Last })
		}},
		{names.ExceptionMuted, func() error { return t.muted(x.Muted) }},
		{names.ExceptionsRegressedTotal, func() error { return t.counters(names.ExceptionsRegressedTotal, x.Regressed) }},
		{names.ExceptionsTotal, func() error { return t.counters(names.ExceptionsTotal, x.Exceptions) }},
	}
}
