package collector_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"
	"go.uber.org/goleak"

	"github.com/periskop-exporter/periskop_exporter/collector"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// shop is the state of one service with two targets, one of them down.
func shop(t *testing.T, rules ...*relabel.Config) (*merge.State, collector.Sources) {
	t.Helper()
	state := merge.New(merge.Options{Services: []merge.ServiceOptions{
		{Name: "shop", GroupBy: []string{"env"}, Labels: collector.Labels(rules)}, {Name: "unwatched"},
	}})
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
	state.Resolve(merge.ExceptionID("shop", "say \"no\"\n\\"), merge.Resolution{At: noon.Add(2 * time.Minute)})
	failed := &periskop.Scrape{Target: down, Start: noon, Duration: 5 * time.Second, Result: periskop.Timeout}
	return state, collector.Sources{
		Snapshot:       state.Snapshot,
		Series:         state.Series,
		KeysPerService: state.KeysPerService,
		Targets: func() []periskop.ServiceTargets {
			return []periskop.ServiceTargets{
				{Service: "shop", Targets: []*periskop.Target{up, down}},
				{Service: "unwatched", Problems: []string{"no such host"}},
			}
		},
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

func gatherer(t *testing.T, rules ...*relabel.Config) prometheus.Gatherer {
	t.Helper()
	state, sources := shop(t, rules...)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector.NewServices(sources))
	return collector.Gatherer(registry, state)
}

const wantText = `# HELP periskop_exception_first_seen_timestamp_seconds When the exception was first reported ever, in seconds since 1970.
# TYPE periskop_exception_first_seen_timestamp_seconds gauge
periskop_exception_first_seen_timestamp_seconds{aggregation_key="say \"no\"\n\\",class="shop.Error",env="prod",exception_id="EXC2",service_name="shop"} 1.79534883e+09
periskop_exception_first_seen_timestamp_seconds{aggregation_key="shop/Cart#add & more@1a",class="shop.Error",env="prod",exception_id="EXC1",service_name="shop"} 1.7953452e+09
# HELP periskop_exception_last_seen_timestamp_seconds When the newest occurrence of the exception was, in seconds since 1970.
# TYPE periskop_exception_last_seen_timestamp_seconds gauge
periskop_exception_last_seen_timestamp_seconds{aggregation_key="say \"no\"\n\\",class="shop.Error",env="prod",exception_id="EXC2",service_name="shop"} 1.79534883e+09
periskop_exception_last_seen_timestamp_seconds{aggregation_key="shop/Cart#add & more@1a",class="shop.Error",env="prod",exception_id="EXC1",service_name="shop"} 1.79534886025e+09
# HELP periskop_exceptions_regressed_total How often the exception came back after it was resolved. Exposed from when it is resolved for the first time.
# TYPE periskop_exceptions_regressed_total counter
periskop_exceptions_regressed_total{aggregation_key="say \"no\"\n\\",class="shop.Error",env="prod",exception_id="EXC2",service_name="shop"} 0
# HELP periskop_exceptions_total Exceptions that targets reported since the watch on their service began.
# TYPE periskop_exceptions_total counter
periskop_exceptions_total{aggregation_key="say \"no\"\n\\",class="shop.Error",env="prod",exception_id="EXC2",service_name="shop",severity="warning"} 3
periskop_exceptions_total{aggregation_key="shop/Cart#add & more@1a",class="shop.Error",env="prod",exception_id="EXC1",service_name="shop",severity="error"} 2
# HELP periskop_exporter_discovery_problems What discovery has to complain about now, for the service. The page /status has it in words.
# TYPE periskop_exporter_discovery_problems gauge
periskop_exporter_discovery_problems{service_name="shop"} 0
periskop_exporter_discovery_problems{service_name="unwatched"} 1
# HELP periskop_exporter_keys_per_service_limit Aggregation keys that a service may have series of its own for.
# TYPE periskop_exporter_keys_per_service_limit gauge
periskop_exporter_keys_per_service_limit 2000
# HELP periskop_exporter_overflow_keys Aggregation keys of the service that are counted together, past the limit.
# TYPE periskop_exporter_overflow_keys gauge
periskop_exporter_overflow_keys{service_name="shop"} 0
periskop_exporter_overflow_keys{service_name="unwatched"} 0
# HELP periskop_exporter_series Exposed series of periskop_exceptions_total.
# TYPE periskop_exporter_series gauge
periskop_exporter_series 2
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
# HELP periskop_service_targets Targets of the service that are discovered now.
# TYPE periskop_service_targets gauge
periskop_service_targets{service_name="shop"} 2
periskop_service_targets{service_name="unwatched"} 0
# HELP periskop_service_watched_since_timestamp_seconds When the service was first scraped with success, in seconds since 1970.
# TYPE periskop_service_watched_since_timestamp_seconds gauge
periskop_service_watched_since_timestamp_seconds{service_name="shop"} 1.79534880025e+09
# HELP periskop_target_inconsistencies_total What targets reported and could not be counted: malformed_aggregate, too_many_epochs, total_fell.
# TYPE periskop_target_inconsistencies_total counter
periskop_target_inconsistencies_total{reason="malformed_aggregate",service_name="shop"} 2
periskop_target_inconsistencies_total{reason="malformed_aggregate",service_name="unwatched"} 0
periskop_target_inconsistencies_total{reason="too_many_epochs",service_name="shop"} 0
periskop_target_inconsistencies_total{reason="too_many_epochs",service_name="unwatched"} 0
periskop_target_inconsistencies_total{reason="total_fell",service_name="shop"} 0
periskop_target_inconsistencies_total{reason="total_fell",service_name="unwatched"} 0
# HELP periskop_target_scrape_duration_seconds How long the last scrape of the target took.
# TYPE periskop_target_scrape_duration_seconds gauge
periskop_target_scrape_duration_seconds{instance="a:80",service_name="shop"} 0.25
periskop_target_scrape_duration_seconds{instance="b:80",service_name="shop"} 5
# HELP periskop_target_up Whether the last scrape of the target succeeded.
# TYPE periskop_target_up gauge
periskop_target_up{instance="a:80",service_name="shop"} 1
periskop_target_up{instance="b:80",service_name="shop"} 0
`

// withIDs puts the IDs of the exceptions where the expectation names them.
func withIDs(s string) string {
	return strings.NewReplacer(
		"EXC1", merge.ExceptionID("shop", "shop/Cart#add & more@1a"),
		"EXC2", merge.ExceptionID("shop", "say \"no\"\n\\"),
	).Replace(s)
}

func TestText(t *testing.T) {
	families, err := gatherer(t).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&got, f); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(got.String(), withIDs(wantText)); diff != "" {
		t.Errorf("exposition (-got +want):\n%s", diff)
	}
}

func TestLint(t *testing.T) {
	problems, err := testutil.GatherAndLint(gatherer(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestNegotiation asks for each format as Prometheus does, and looks for what only
// the newer ones carry.
func TestNegotiation(t *testing.T) {
	handler := promhttp.HandlerFor(gatherer(t), promhttp.HandlerOpts{EnableOpenMetrics: true, EnableOpenMetricsTextCreatedSamples: true})
	server := httptest.NewServer(handler)
	defer server.Close()
	get := func(accept string) (string, []byte) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", accept)
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.Header.Get("Content-Type"), body
	}

	t.Run("OpenMetrics", func(t *testing.T) {
		_, body := get("application/openmetrics-text;version=1.0.0")
		for _, want := range []string{
			`periskop_exceptions_total{aggregation_key="shop/Cart#add & more@1a",class="shop.Error",env="prod",exception_id="EXC1",service_name="shop",severity="error"} 2.0 # {occurrence="5cfa9e9b-20f8-441c-9029-7fda69d6a1c0"} 1.0 1.7953452e+09`,
			`periskop_exceptions_created{aggregation_key="shop/Cart#add & more@1a",class="shop.Error",env="prod",exception_id="EXC1",service_name="shop",severity="error"} 1.7953488e+09`,
			"# EOF\n",
		} {
			if !strings.Contains(string(body), withIDs(want)) {
				t.Errorf("no %q in:\n%s", want, body)
			}
		}
	})
	t.Run("protobuf", func(t *testing.T) {
		contentType, body := get("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
		d := expfmt.NewDecoder(bytes.NewReader(body), expfmt.Format(contentType))
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
		if got, want := counter.GetCreatedTimestamp().AsTime(), noon; !got.Equal(want) {
			t.Errorf("start timestamp: got %v, want %v", got, want)
		}
		if got, want := counter.GetExemplar().GetLabel()[0].GetValue(), "5cfa9e9b-20f8-441c-9029-7fda69d6a1c0"; got != want {
			t.Errorf("exemplar: got %q, want %q", got, want)
		}
	})
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
	families, err := gatherer(t, rules...).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range families {
		if f.GetName() != "periskop_exceptions_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			got = append(got, strings.Join(labels, " "))
		}
	}
	want := []string{"env=prod from=periskop_exceptions_total service_name=shop severity=error"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("series (-got +want):\n%s", diff)
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
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector.NewServices(sources))
	err := testutil.GatherAndCompare(collector.Gatherer(registry, state), strings.NewReader(`
# HELP periskop_target_scrape_duration_seconds How long the last scrape of the target took.
# TYPE periskop_target_scrape_duration_seconds gauge
periskop_target_scrape_duration_seconds{instance="same:80",service_name="shop"} 5
# HELP periskop_target_up Whether the last scrape of the target succeeded.
# TYPE periskop_target_up gauge
periskop_target_up{instance="same:80",service_name="shop"} 0
`), "periskop_target_up", "periskop_target_scrape_duration_seconds")
	if err != nil {
		t.Error(err)
	}
}
