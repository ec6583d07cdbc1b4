package collector_test

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"
	"go.uber.org/goleak"

	"github.com/periskop-exporter/periskop_exporter/collector"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// shop is the state of one service with two targets, one of them down.
func shop(t *testing.T, rules ...*relabel.Config) (*merge.State, collector.Sources) {
	t.Helper()
	state := merge.New(merge.Options{
		Now: func() time.Time { return noon.Add(2 * time.Minute) }, ServiceLabel: names.ServiceName,
		Settings: merge.Settings{Services: []merge.ServiceSettings{
			{Name: "shop", GroupBy: []string{"env"}, Labels: collector.Labels(rules)}, {Name: "unwatched"},
		}},
	})
	up := &periskop.Target{Service: "shop", Instance: "a:80", URL: "http://a:80/", Labels: periskop.Labels{{Name: "env", Value: "prod"}}}
	down := &periskop.Target{Service: "shop", Instance: "b:80", URL: "http://b:80/"}
	scrape := func(at time.Time, aggregates ...periskop.Aggregate) *periskop.Scrape {
		return &periskop.Scrape{
			Target: up, Start: at, Duration: 250 * time.Millisecond, Result: periskop.Success, Date: at,
			Report: &periskop.Report{TargetUUID: "u", Aggregates: aggregates},
		}
	}
	state.Fold(scrape(noon, aggregate("shop/Cart#add & more@1a", "error", 40, noon.Add(-time.Hour))))
	last := scrape(noon.Add(time.Minute),
		aggregate("shop/Cart#add & more@1a", "error", 42, noon.Add(-time.Hour)),
		aggregate("say \"no\"\n\\", "warning", 3, noon.Add(30*time.Second)))
	last.Report.Skipped = 2
	state.Fold(last)
	state.Resolve(merge.ExceptionID("shop", "say \"no\"\n\\"), "")
	failed := &periskop.Scrape{Target: down, Start: noon, Duration: 5 * time.Second, Result: periskop.Timeout}
	return state, collector.Sources{
		Snapshot:        state.Snapshot,
		Series:          state.Series,
		NewSeries:       state.NewSeries,
		RegularScrapers: state.RegularScrapers,
		KeysPerService:  state.KeysPerService,
		Targets: func() []periskop.ServiceTargets {
			return []periskop.ServiceTargets{
				{Service: "shop", Targets: []*periskop.Target{up, down}},
				{Service: "unwatched", Problems: []string{"no such host"}},
			}
		},
		Feeders:       func() []periskop.Feeder { return nil },
		Refused:       func() int { return 0 },
		ServicesLimit: func() int { return 1000 },
		Health: func() []periskop.TargetHealth {
			return []periskop.TargetHealth{{Target: up, Last: last}, {Target: down, Last: failed}, {Target: &periskop.Target{Service: "shop", Instance: "new:80"}}}
		},
		Scrapes: func() map[string]map[periskop.Result]uint64 {
			return map[string]map[periskop.Result]uint64{"shop": {periskop.Success: 2, periskop.Timeout: 1}, "unwatched": {}}
		},
	}
}

func aggregate(key, severity string, total uint64, created time.Time) periskop.Aggregate {
	return periskop.Aggregate{
		Key: key, TotalCount: total, Severity: severity, CreatedAt: created,
		Latest: periskop.EncodeOccurrences([]periskop.Occurrence{{
			UUID: "5cfa9e9b-20f8-441c-9029-7fda69d6a1c0", Timestamp: created, Error: periskop.Exception{Class: "shop.Error"},
		}}),
	}
}

func handler(t *testing.T, rules ...*relabel.Config) http.Handler {
	t.Helper()
	state, sources := shop(t, rules...)
	return handlerOf(state, sources)
}

func handlerOf(state *merge.State, sources collector.Sources) http.Handler {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector.NewServices(sources))
	return collector.Handler(collector.Options{Exceptions: state, Registry: registry})
}

// get asks for the metrics in that format, and returns them without those of the
// handler itself.
func get(t *testing.T, h http.Handler, accept string) (contentType, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody)
	r.Header.Set("Accept", accept)
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("got status %d: %s", w.Code, w.Body)
	}
	return w.Header().Get("Content-Type"), w.Body.String()
}

const wantText = `# HELP periskop_exception_first_seen_timestamp_seconds When the exception was first reported ever, in seconds since 1970.
# TYPE periskop_exception_first_seen_timestamp_seconds gauge
periskop_exception_first_seen_timestamp_seconds{aggregation_key="say \"no\"�\\",class="shop.Error",env="prod",exception_id="EXC2",service_name="shop"} 1.79534883e+09
periskop_exception_first_seen_timestamp_seconds{aggregation_key="shop/Cart#add & more@1a",class="shop.Error",env="prod",exception_id="EXC1",service_name="shop"} 1.7953452e+09
# HELP periskop_exception_last_seen_timestamp_seconds When the newest occurrence of the exception was, in seconds since 1970.
# TYPE periskop_exception_last_seen_timestamp_seconds gauge
periskop_exception_last_seen_timestamp_seconds{aggregation_key="say \"no\"�\\",class="shop.Error",env="prod",exception_id="EXC2",service_name="shop"} 1.79534883e+09
periskop_exception_last_seen_timestamp_seconds{aggregation_key="shop/Cart#add & more@1a",class="shop.Error",env="prod",exception_id="EXC1",service_name="shop"} 1.79534886025e+09
# HELP periskop_exceptions_regressed_total How often the exception came back after it was resolved. Exposed from when it is resolved for the first time.
# TYPE periskop_exceptions_regressed_total counter
periskop_exceptions_regressed_total{aggregation_key="say \"no\"�\\",class="shop.Error",env="prod",exception_id="EXC2",service_name="shop"} 0
# HELP periskop_exceptions_total Exceptions that targets reported since the watch on their service began.
# TYPE periskop_exceptions_total counter
periskop_exceptions_total{aggregation_key="say \"no\"�\\",class="shop.Error",env="prod",exception_id="EXC2",service_name="shop",severity="warning"} 3
periskop_exceptions_total{aggregation_key="shop/Cart#add & more@1a",class="shop.Error",env="prod",exception_id="EXC1",service_name="shop",severity="error"} 2
# HELP periskop_exporter_discovery_problems What discovery has to complain about now, for the block of the file that bears this name. The page /status has it in words.
# TYPE periskop_exporter_discovery_problems gauge
periskop_exporter_discovery_problems{service_name="shop"} 0
periskop_exporter_discovery_problems{service_name="unwatched"} 1
# HELP periskop_exporter_keys_per_service_limit Aggregation keys that a service may have series of its own for.
# TYPE periskop_exporter_keys_per_service_limit gauge
periskop_exporter_keys_per_service_limit 2000
# HELP periskop_exporter_new_series Counters that are still shown at 0, whatever they have counted, for all who scrape to see them rise.
# TYPE periskop_exporter_new_series gauge
periskop_exporter_new_series 0
# HELP periskop_exporter_overflow_keys Aggregation keys of the service that are counted together, past the limit.
# TYPE periskop_exporter_overflow_keys gauge
periskop_exporter_overflow_keys{service_name="shop"} 0
periskop_exporter_overflow_keys{service_name="unwatched"} 0
# HELP periskop_exporter_regular_scrapers Programs, and jobs of one, that scrape these metrics at a steady interval now.
# TYPE periskop_exporter_regular_scrapers gauge
periskop_exporter_regular_scrapers 0
# HELP periskop_exporter_series Exposed series of periskop_exceptions_total.
# TYPE periskop_exporter_series gauge
periskop_exporter_series 2
# HELP periskop_exporter_services_limit How many services there may be, those that labels of targets name included.
# TYPE periskop_exporter_services_limit gauge
periskop_exporter_services_limit 1000
# HELP periskop_exporter_services_over_limit Services past the limit, whose targets are not scraped. The page /status names some.
# TYPE periskop_exporter_services_over_limit gauge
periskop_exporter_services_over_limit 0
# HELP periskop_scrapes_total Scrapes by how they ended: success, timeout, connection, http_status, too_large, invalid_payload.
# TYPE periskop_scrapes_total counter
periskop_scrapes_total{result="connection",service_name="shop"} 0
periskop_scrapes_total{result="connection",service_name="unwatched"} 0
periskop_scrapes_total{result="http_status",service_name="shop"} 0
periskop_scrapes_total{result="http_status",service_name="unwatched"} 0
periskop_scrapes_total{result="invalid_payload",service_name="shop"} 0
periskop_scrapes_total{result="invalid_payload",service_name="unwatched"} 0
periskop_scrapes_total{result="success",service_name="shop"} 2
periskop_scrapes_total{result="success",service_name="unwatched"} 0
periskop_scrapes_total{result="timeout",service_name="shop"} 1
periskop_scrapes_total{result="timeout",service_name="unwatched"} 0
periskop_scrapes_total{result="too_large",service_name="shop"} 0
periskop_scrapes_total{result="too_large",service_name="unwatched"} 0
# HELP periskop_service_targets Targets of the service that are discovered now; 0 included for services that the file names. One that labels of targets name has it while there are some, and one that is only pushed to never.
# TYPE periskop_service_targets gauge
periskop_service_targets{service_name="shop"} 2
periskop_service_targets{service_name="unwatched"} 0
# HELP periskop_service_watched_since_timestamp_seconds When the service was first scraped with success, in seconds since 1970.
# TYPE periskop_service_watched_since_timestamp_seconds gauge
periskop_service_watched_since_timestamp_seconds{service_name="shop"} 1.79534880025e+09
# HELP periskop_target_inconsistencies_total What targets reported that was not counted, or not all of it, or that is doubtful. docs/counting.md has the reasons.
# TYPE periskop_target_inconsistencies_total counter
INCONSISTENCIES
# HELP periskop_target_scrape_duration_seconds How long the last scrape of the target took. The label target is what relabelling made instance.
# TYPE periskop_target_scrape_duration_seconds gauge
periskop_target_scrape_duration_seconds{service_name="shop",target="a:80"} 0.25
periskop_target_scrape_duration_seconds{service_name="shop",target="b:80"} 5
# HELP periskop_target_up Whether the last scrape of the target succeeded.
# TYPE periskop_target_up gauge
periskop_target_up{service_name="shop",target="a:80"} 1
periskop_target_up{service_name="shop",target="b:80"} 0
`

// withIDs puts the IDs of the exceptions where the expectation names them.
func withIDs(s string) string {
	return strings.NewReplacer(
		"EXC1", merge.ExceptionID("shop", "shop/Cart#add & more@1a"),
		"EXC2", merge.ExceptionID("shop", "say \"no\"\n\\"),
		"INCONSISTENCIES", inconsistencies(),
	).Replace(s)
}

// inconsistencies are zero for each reason but for one.
func inconsistencies() string {
	var lines []string
	for _, reason := range merge.Reasons() {
		for _, service := range []string{"shop", "unwatched"} {
			n := 0
			if reason == merge.Malformed && service == "shop" {
				n = 2
			}
			lines = append(lines, fmt.Sprintf("periskop_target_inconsistencies_total{reason=%q,service_name=%q} %d", reason, service, n))
		}
	}
	return strings.Join(lines, "\n")
}

func TestText(t *testing.T) {
	_, got := get(t, handler(t), "text/plain")
	if diff := gocmp.Diff(got, withIDs(wantText)); diff != "" {
		t.Errorf("exposition (-got +want):\n%s", diff)
	}
}

// Services that come and go, or are pushed to, have no number of targets when they have
// none, and problems are those of blocks.
func TestServicesOfLabels(t *testing.T) {
	state, sources := shop(t)
	target := &periskop.Target{}
	sources.Targets = func() []periskop.ServiceTargets {
		return []periskop.ServiceTargets{
			{Service: "cart", Block: "cluster", Targets: []*periskop.Target{target}},
			{Service: "own", Block: "own", Feeds: true, Problems: []string{"no such host"}},
			{Service: "pay", Block: "cluster"},
			{Service: "pushed", Block: "pushed", NoDiscovery: true},
			{Service: "shop", Block: "shop"},
		}
	}
	sources.Feeders = func() []periskop.Feeder {
		return []periskop.Feeder{{Block: "cluster", Problems: []string{"a", "b"}}}
	}
	sources.Refused = func() int { return 7 }
	_, body := get(t, handlerOf(state, sources), "text/plain")
	var got []string
	for line := range strings.Lines(body) {
		if regexp.MustCompile(`^periskop_(service_targets|exporter_discovery_problems|exporter_services_over_limit)`).MatchString(line) {
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{
		`periskop_exporter_discovery_problems{service_name="cluster"} 2`,
		`periskop_exporter_discovery_problems{service_name="own"} 1`,
		`periskop_exporter_discovery_problems{service_name="pushed"} 0`,
		`periskop_exporter_discovery_problems{service_name="shop"} 0`,
		`periskop_exporter_services_over_limit 7`,
		`periskop_service_targets{service_name="cart"} 1`,
		`periskop_service_targets{service_name="shop"} 0`,
	}
	if diff := gocmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestLint(t *testing.T) {
	_, body := get(t, handler(t), "text/plain")
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestOpenMetrics(t *testing.T) {
	_, body := get(t, handler(t), "application/openmetrics-text;version=1.0.0")
	for _, want := range []string{
		`periskop_exceptions_total{aggregation_key="shop/Cart#add & more@1a",class="shop.Error",env="prod",exception_id="EXC1",service_name="shop",severity="error"} 2.0 # {occurrence="5cfa9e9b-20f8-441c-9029-7fda69d6a1c0"} 1.0 1.7953452e+09`,
		"# EOF\n",
	} {
		if !strings.Contains(body, withIDs(want)) {
			t.Errorf("no %q in:\n%s", want, body)
		}
	}
	if strings.Contains(body, "_created{") {
		t.Errorf("a start timestamp as a series of its own in:\n%s", body)
	}
}

func TestProtobuf(t *testing.T) {
	contentType, body := get(t, handler(t), "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	d := expfmt.NewDecoder(strings.NewReader(body), expfmt.Format(contentType))
	var counter *dto.Counter
	for {
		var f dto.MetricFamily
		if err := d.Decode(&f); err != nil {
			break
		}
		if f.GetName() == "periskop_exceptions_total" {
			counter = f.GetMetric()[1].GetCounter()
		}
	}
	if got := counter.GetCreatedTimestamp().AsTime(); !got.Equal(noon) {
		t.Errorf("start timestamp: got %v, want %v", got, noon)
	}
	if got, want := counter.GetExemplar().GetLabel()[0].GetValue(), "5cfa9e9b-20f8-441c-9029-7fda69d6a1c0"; got != want {
		t.Errorf("exemplar: got %q, want %q", got, want)
	}
}

func TestMetricRelabelling(t *testing.T) {
	rules := []*relabel.Config{
		{SourceLabels: model.LabelNames{"aggregation_key"}, Regex: relabel.MustNewRegexp("say.*"), Action: relabel.Drop},
		{SourceLabels: model.LabelNames{"__name__"}, Regex: relabel.MustNewRegexp("(.*)"), TargetLabel: "from", Replacement: "$1", Action: relabel.Replace},
		{Regex: relabel.MustNewRegexp("aggregation_key|exception_id|class"), Action: relabel.LabelDrop},
	}
	for _, r := range rules {
		r.NameValidationScheme = model.UTF8Validation
	}
	_, body := get(t, handler(t, rules...), "text/plain")
	got := regexp.MustCompile("(?m)^periskop_exceptions_total.*$").FindAllString(body, -1)
	want := []string{`periskop_exceptions_total{env="prod",from="periskop_exceptions_total",service_name="shop",severity="error"} 2`}
	if diff := gocmp.Diff(got, want); diff != "" {
		t.Errorf("series (-got +want):\n%s", diff)
	}
}

// A clock is that of a state.
type clock struct{ now time.Time }

// withClock is a state of one service whose clock can be set, and what serves it.
func withClock(t *testing.T) (*clock, *merge.State, http.Handler) {
	t.Helper()
	c := &clock{now: noon}
	state := merge.New(merge.Options{
		Now: func() time.Time { return c.now }, ServiceLabel: names.ServiceName,
		Settings: merge.Settings{Services: []merge.ServiceSettings{{Name: "shop", Labels: collector.Labels(nil)}}},
	})
	return c, state, collector.Handler(collector.Options{Exceptions: state, Registry: prometheus.NewPedanticRegistry()})
}

func (c *clock) raise(state *merge.State, key string, total uint64) {
	report := &periskop.Report{TargetUUID: "u"}
	if total > 0 {
		report.Aggregates = []periskop.Aggregate{aggregate(key, "error", total, c.now.Add(-time.Second))}
	}
	state.Fold(&periskop.Scrape{
		Target: &periskop.Target{Service: "shop", Instance: "a:80", URL: "http://a:80/"}, Start: c.now, Date: c.now,
		Result: periskop.Success, Report: report,
	})
}

// TestNewSeries scrapes in the ways in which it is told who asks.
func TestNewSeries(t *testing.T) {
	type scrape struct {
		after                      time.Duration
		method, agent, address     string
		timeout, accept, forwarded string
		broken                     bool
		raise                      uint64 // before it
		want                       string // "" when nobody looks
	}
	prometheus := func(s scrape) scrape {
		s.agent, s.address, s.timeout = "Prometheus/3.15.0", "10.0.0.1:5000", "10"
		return s
	}
	curl := scrape{agent: "curl/8", address: "10.0.0.9:1"}
	for _, tt := range []struct {
		name    string
		scrapes []scrape
	}{
		{"the second scrape of one that says how long it waits makes it known", []scrape{
			prometheus(scrape{}), prometheus(scrape{after: 15 * time.Second, raise: 4, want: "0"}), prometheus(scrape{after: 15 * time.Second, want: "4"}),
		}},
		{"the first scrape shows values, and what comes after it is new", []scrape{
			prometheus(scrape{raise: 4, want: "4"}),
			{after: 5 * time.Second, agent: "curl/8", address: "10.0.0.9:2", raise: 5, want: "0"},
			prometheus(scrape{after: 10 * time.Second, want: "0"}), prometheus(scrape{after: 15 * time.Second, want: "5"}),
		}},
		{"nobody is known: the value at once", []scrape{curl, {after: 15 * time.Second, agent: "curl/8", address: "10.0.0.9:2", raise: 4, want: "4"}}},
		{"a stranger sees zero, and its value after the interval", []scrape{
			prometheus(scrape{}), prometheus(scrape{after: 15 * time.Second}), prometheus(scrape{after: 15 * time.Second, raise: 4, want: "0"}),
			{after: 10 * time.Second, agent: "curl/8", address: "10.0.0.9:2", want: "0"},
			{after: 6 * time.Second, agent: "curl/8", address: "10.0.0.9:3", want: "4"},
		}},
		{"HEAD shows nothing, and so changes nothing", []scrape{
			{method: http.MethodHead, agent: "curl/8", address: "10.0.0.9:2", raise: 4},
			{after: 5 * time.Second, method: http.MethodHead, agent: "Prometheus/3.15.0", address: "10.0.0.1:5000", timeout: "10"},
			{after: 5 * time.Second, method: http.MethodHead, agent: "Prometheus/3.15.0", address: "10.0.0.1:5000", timeout: "10"},
			{after: 5 * time.Second, method: http.MethodHead, agent: "Prometheus/3.15.0", address: "10.0.0.1:5000", timeout: "10"},
			{after: 5 * time.Second, agent: "curl/8", address: "10.0.0.9:2", raise: 5, want: "5"},
		}},
		{"an answer that breaks off is none", []scrape{
			prometheus(scrape{}), prometheus(scrape{after: 15 * time.Second}), prometheus(scrape{after: 15 * time.Second, raise: 4, broken: true}),
			prometheus(scrape{after: 15 * time.Second, want: "0"}), prometheus(scrape{after: 15 * time.Second, want: "4"}),
		}},
		{"over protobuf", []scrape{
			prometheus(scrape{}), prometheus(scrape{after: 15 * time.Second, accept: string(expfmt.NewFormat(expfmt.TypeProtoDelim))}),
			prometheus(scrape{after: 15 * time.Second, raise: 4, want: "0"}), prometheus(scrape{after: 15 * time.Second, want: "4"}),
		}},
		{"two behind a proxy that says for whom it asks", []scrape{
			{agent: "Prometheus/3.15.0", address: "10.0.0.1:1", forwarded: "10.1.0.1"},
			{agent: "Prometheus/3.15.0", address: "10.0.0.1:2", forwarded: "10.1.0.2", after: 7500 * time.Millisecond},
			{agent: "Prometheus/3.15.0", address: "10.0.0.1:3", forwarded: "10.1.0.1", after: 7500 * time.Millisecond},
			{agent: "Prometheus/3.15.0", address: "10.0.0.1:4", forwarded: "10.1.0.2", after: 7500 * time.Millisecond},
			{agent: "Prometheus/3.15.0", address: "10.0.0.1:5", forwarded: "10.1.0.1", after: 7500 * time.Millisecond},
			{agent: "Prometheus/3.15.0", address: "10.0.0.1:6", forwarded: "10.1.0.2", after: 7500 * time.Millisecond},
			{agent: "Prometheus/3.15.0", address: "10.0.0.1:7", forwarded: "10.1.0.1", after: 7500 * time.Millisecond, raise: 4, want: "0"},
			{agent: "Prometheus/3.15.0", address: "10.0.0.1:8", forwarded: "10.1.0.2", after: 7500 * time.Millisecond, want: "0"},
			{agent: "Prometheus/3.15.0", address: "10.0.0.1:9", forwarded: "10.1.0.1", after: 7500 * time.Millisecond, want: "4"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock, state, h := withClock(t)
			clock.raise(state, "", 0)
			clock.now = clock.now.Add(2 * time.Second)
			for i, s := range tt.scrapes {
				clock.now = clock.now.Add(s.after)
				if s.raise > 0 {
					clock.raise(state, fmt.Sprint("new", s.raise), s.raise)
				}
				r := httptest.NewRequest(cmp.Or(s.method, http.MethodGet), "/metrics", http.NoBody)
				r.RemoteAddr = s.address
				for name, value := range map[string]string{
					"User-Agent": s.agent, "X-Prometheus-Scrape-Timeout-Seconds": s.timeout, "X-Forwarded-For": s.forwarded, "Accept": s.accept,
				} {
					if value != "" {
						r.Header.Set(name, value)
					}
				}
				w := httptest.NewRecorder()
				if s.broken {
					h.ServeHTTP(brokenWriter{w}, r)
					continue
				}
				h.ServeHTTP(w, r)
				got := ""
				for _, m := range regexp.MustCompile(`(?m)^periskop_exceptions_total.* (\d+)$`).FindAllStringSubmatch(w.Body.String(), -1) {
					got = m[1]
				}
				if s.want != "" && got != s.want {
					t.Errorf("scrape %d: got %q, want %q", i+1, got, s.want)
				}
			}
		})
	}
}

// A brokenWriter is a connection that is gone.
type brokenWriter struct{ http.ResponseWriter }

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestServices(t *testing.T) {
	state, sources := shop(t)
	h := handlerOf(state, sources)
	body := func(query string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics"+query, http.NoBody))
		return w.Body.String()
	}
	// Services in the answer, and what concerns none.
	services := func(body string) (found []string) {
		for _, m := range regexp.MustCompile(`(?m)^\w+\{(?:.*,)?service_name="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			found = append(found, m[1])
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	all := body("")
	for _, tt := range []struct {
		query string
		want  []string
	}{
		{"", []string{"shop", "unwatched"}},
		{"?service_name=shop", []string{"shop"}},
		{"?service_name=unwatched", []string{"unwatched"}},
		{"?service_name=shop&service_name=unwatched", []string{"shop", "unwatched"}},
		{"?service_name=shop&service_name=shop&service_name=unknown", []string{"shop"}},
		{"?service_name=unknown", nil},
		{"?service_name=", nil},
		{"?service=shop", []string{"shop", "unwatched"}},
	} {
		got := body(tt.query)
		if diff := gocmp.Diff(services(got), tt.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", tt.query, diff)
		}
		if !strings.Contains(got, "\nperiskop_exporter_series 2\n") {
			t.Errorf("%s: what concerns no service is missing in:\n%s", tt.query, got)
		}
		for line := range strings.Lines(got) {
			if !strings.Contains(all, line) && !strings.HasPrefix(line, "#") {
				t.Errorf("%s: %q is not what it is without", tt.query, line)
			}
		}
	}
	if both := body("?service_name=shop&service_name=unwatched"); both != all {
		t.Errorf("of all services (-got +want):\n%s", gocmp.Diff(both, all))
	}
}

func TestSharedInstance(t *testing.T) {
	state, sources := shop(t)
	health := sources.Health()
	for i := range health {
		target := *health[i].Target
		target.Instance = "same:80"
		health[i].Target = &target
	}
	sources.Health = func() []periskop.TargetHealth { return health }
	_, body := get(t, handlerOf(state, sources), "text/plain")
	for _, want := range []string{
		`periskop_target_up{service_name="shop",target="same:80"} 0` + "\n",
		`periskop_target_scrape_duration_seconds{service_name="shop",target="same:80"} 5` + "\n",
	} {
		if strings.Count(body, want) != 1 {
			t.Errorf("want one %q in:\n%s", want, body)
		}
	}
}
