package demo

import (
	"context"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A lineWriter collects what is told.
type lineWriter struct{ strings.Builder }

// newDemo returns a demo whose clock the test moves.
func newDemo(t *testing.T, seed uint64) (*Demo, *lineWriter) {
	t.Helper()
	out := &lineWriter{}
	d, err := New(Options{Seed: seed, Now: func() time.Time { return noon }, Out: out})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, out
}

// get returns the body of what the instance serves.
func get(t *testing.T, in *instance) []byte {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, in.server.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func report(t *testing.T, in *instance) *periskop.Report {
	t.Helper()
	r, err := periskop.Decode(get(t, in))
	if err != nil {
		t.Fatalf("%s: %v", in.name, err)
	}
	if r.Skipped > 0 {
		t.Errorf("%s: %d aggregates skipped: %v", in.name, r.Skipped, r.SkippedErr)
	}
	return r
}

// classes are the classes of what the service reports.
func classes(t *testing.T, s *service) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, in := range s.instances {
		for _, a := range report(t, in).Aggregates {
			for _, o := range a.Latest.Decode(nil) {
				all[o.Error.Class] = true
			}
		}
	}
	return all
}

// TestNew looks at the demo as it is when it starts.
func TestNew(t *testing.T) {
	d, _ := newDemo(t, 1)
	t.Run("services have a past", func(t *testing.T) { testPast(t, d) })
	t.Run("configuration", func(t *testing.T) { testConfig(t, d) })
	t.Run("welcome", func(t *testing.T) { testWelcome(t, d) })
}

func testPast(t *testing.T, d *Demo) {
	t.Helper()
	var everything strings.Builder
	for _, s := range d.services {
		keys := map[string]bool{}
		for _, in := range s.instances {
			everything.Write(get(t, in))
			for _, a := range report(t, in).Aggregates {
				keys[a.Key] = true
				checkAggregate(t, in, a)
			}
		}
		if len(keys) != len(s.failures) {
			t.Errorf("%s: got keys %v, want %d", s.name, keys, len(s.failures))
		}
	}
	for _, secret := range Secrets() {
		if !strings.Contains(everything.String(), secret) {
			t.Errorf("no service reports the secret %q", secret)
		}
	}
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

func checkAggregate(t *testing.T, in *instance, a periskop.Aggregate) {
	t.Helper()
	if in.checkout == nil && (a.CreatedAt.Before(noon.Add(-past)) || a.CreatedAt.After(noon)) {
		t.Errorf("%s: %s was created at %v", in.name, a.Key, a.CreatedAt)
	}
	for _, o := range a.Latest.Decode(nil) {
		if o.Error.Class == "" || o.Error.Message == "" || len(o.Error.Stacktrace) < 5 {
			t.Errorf("%s: %s is poor: %+v", in.name, a.Key, o.Error)
		}
		if placeholder.MatchString(o.Error.Message) {
			t.Errorf("%s: a placeholder is left in %q", in.name, o.Error.Message)
		}
	}
}

// TestStory lets an hour pass in no time.
func TestStory(t *testing.T) {
	d, out := newDemo(t, 2)
	d.scheduleStory(noon)
	storefront, payments := d.service("storefront"), d.service("payments")
	const first = "Storefront::SignInFailed"

	d.timeline.advance(noon.Add(FirstNew - time.Second))
	if classes(t, storefront)[first] || out.Len() > 0 {
		t.Errorf("the first new exception comes too early: %s", out.String())
	}
	d.timeline.advance(noon.Add(FirstNew))
	if !classes(t, storefront)[first] {
		t.Error("the first new exception does not come")
	}
	if want := "12:00:35  storefront has raised an exception nobody has seen before: " + first + "\n"; out.String() != want {
		t.Errorf("told %q, want %q", out.String(), want)
	}

	restarting := payments.instances[1]
	before := report(t, restarting).TargetUUID
	d.timeline.advance(noon.Add(FirstNew + restartEvery))
	if after := report(t, restarting).TargetUUID; after == before {
		t.Errorf("%s has not restarted: %s", restarting.name, after)
	}

	down := d.instance("recommendations", 1)
	d.timeline.advance(noon.Add(downAfter))
	if resp, err := http.Get(down.server.URL()); err == nil {
		resp.Body.Close()
		t.Errorf("%s is not down", down.name)
	}
	d.timeline.advance(noon.Add(downAfter + downFor))
	report(t, down)

	d.timeline.advance(noon.Add(downAfter + downFor + upFor - time.Second))
	references := 0
	for _, a := range report(t, payments.instances[0]).Aggregates {
		if strings.HasPrefix(a.Key, "ReferenceError@") {
			references++
		}
	}
	if references < 2 {
		t.Errorf("%d keys of deployments, want a new one with each", references)
	}
	if got := strings.Count(out.String(), "nobody has seen before"); got < 6 {
		t.Errorf("told of %d new exceptions:\n%s", got, out.String())
	}
}

// TestSeed compares all that the services report, but for checkout, whose client
// library makes its own UUIDs.
func TestSeed(t *testing.T) {
	reports := func(seed uint64, steps ...time.Duration) map[string]string {
		d, _ := newDemo(t, seed)
		d.scheduleStory(noon)
		for _, step := range steps {
			d.timeline.advance(noon.Add(step))
		}
		all := map[string]string{}
		for _, s := range d.services {
			for _, in := range s.instances {
				if in.process != nil {
					all[in.name] = string(in.process.Report())
				}
			}
		}
		return all
	}
	once := reports(7, 5*time.Minute)
	if again := reports(7, time.Second, time.Minute, 5*time.Minute); !maps.Equal(again, once) {
		t.Error("the same seed leads to something else")
	}
	if maps.Equal(reports(8, 5*time.Minute), once) {
		t.Error("another seed leads to the same")
	}
}

func TestRun(t *testing.T) {
	d, out := newDemo(t, 3)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		d.now = func() time.Time { return noon.Add(time.Since(start)) }
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()
		time.Sleep(FirstNew + step)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("got error %v", err)
		}
	})
	if !strings.Contains(out.String(), "storefront has raised an exception") {
		t.Errorf("told %q", out.String())
	}
}

func testConfig(t *testing.T, d *Demo) {
	t.Helper()
	var got struct {
		Services []struct {
			Name          string
			StaticConfigs []struct {
				Targets []string
				Labels  map[string]string
			} `yaml:"static_configs"`
			Scraper map[string]string
		}
		Alerting, Export any
	}
	if err := yaml.Unmarshal(d.Config("", ""), &got); err != nil {
		t.Fatal(err)
	}
	if got.Alerting != nil {
		t.Errorf("without an Alertmanager it is told of alerts: %v", got.Alerting)
	}
	if got.Export != nil {
		t.Errorf("without a VictoriaLogs it is sent to: %v", got.Export)
	}
	if text := string(d.Config("", "127.0.0.1:9428")); !strings.HasSuffix(text, "export:\n  otlp:\n    logs_endpoint: \"http://127.0.0.1:9428/insert/opentelemetry/v1/logs\"\n") {
		t.Errorf("no VictoriaLogs in\n%s", text)
	}
	if text := string(d.Config("127.0.0.1:9093", "")); !strings.HasSuffix(text, "alerting:\n  alertmanagers:\n    - static_configs:\n        - targets: [\"127.0.0.1:9093\"]\n") {
		t.Errorf("no Alertmanager in\n%s", text)
	}
	if len(got.Services) != len(d.services) {
		t.Fatalf("got %d services, want %d", len(got.Services), len(d.services))
	}
	for i, s := range got.Services {
		want := d.services[i]
		if s.Name != want.name || s.Scraper["refresh_interval"] != "5s" || s.Scraper["endpoint"] != "/-/exceptions" {
			t.Errorf("got %+v, want %s", s, want.name)
		}
		for j, c := range s.StaticConfigs {
			in := want.instances[j]
			if diff := cmp.Diff(c.Targets, []string{in.server.Address()}); diff != "" {
				t.Errorf("%s (-got +want):\n%s", in.name, diff)
			}
			if diff := cmp.Diff(c.Labels, map[string]string{"instance": in.name, "language": want.language, "version": versionOf(j)}); diff != "" {
				t.Errorf("%s (-got +want):\n%s", in.name, diff)
			}
		}
	}
}

func testWelcome(t *testing.T, d *Demo) {
	t.Helper()
	for _, tt := range []struct {
		name      string
		addresses Addresses
		want, not string
	}{
		{
			"alone",
			Addresses{Exporter: "http://e/"},
			"make demo", "Prometheus    ",
		},
		{
			"with both",
			Addresses{Exporter: "http://e/", Prometheus: "http://p/", Alertmanager: "http://a/"},
			"that link is Source", "Older occurrences",
		},
		{
			"with a store of logs",
			Addresses{Exporter: "http://e/", VictoriaLogs: "http://l/"},
			"VictoriaLogs  http://l/\n", "Prometheus    ",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			d.Welcome(&b, tt.addresses)
			if got := b.String(); !strings.Contains(got, tt.want) || strings.Contains(got, tt.not) || !strings.Contains(got, "http://e/") {
				t.Errorf("got:\n%s", got)
			}
			if regexp.MustCompile(`\s+\n`).MatchString(strings.ReplaceAll(b.String(), "\n\n", "\n")) {
				t.Errorf("blanks at the end of a line:\n%s", b.String())
			}
		})
	}
}
