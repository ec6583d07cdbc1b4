package view_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is half an hour after the payloads were captured.
var now = time.Date(2026, 11, 22, 7, 40, 0, 0, time.UTC)

// watched is when the watch on the services of a fixture began: before the payloads
// were captured, so that what is in them is news.
var watched = time.Date(2026, 11, 22, 6, 30, 0, 0, time.UTC)

const payloads = "../periskop/testdata/payloads"

// A world is everything that the pages show.
type world struct {
	state   *merge.State
	targets []periskop.ServiceTargets
	health  []periskop.TargetHealth
	config  view.ConfigStatus
	recent  *merge.Recent
	// change is applied to the options of the handler. Nil changes nothing.
	change func(*view.Options)
}

func newWorld(services ...merge.ServiceSettings) *world {
	return &world{
		state: merge.New(merge.Options{
			Settings: merge.Settings{Services: services, OccurrenceSize: 4 << 20},
			Now:      func() time.Time { return now.Add(-3 * time.Minute) }, // of what readers do
		}),
		recent: &merge.Recent{},
	}
}

func (w *world) handler(t testing.TB) http.Handler {
	t.Helper()
	o := view.Options{
		Snapshot:    w.state.Snapshot,
		Targets:     func() []periskop.ServiceTargets { return w.targets },
		Health:      func() []periskop.TargetHealth { return w.health },
		Config:      func() view.ConfigStatus { return w.config },
		Flags:       []view.Flag{{Name: "config.file", Value: "periskop.yaml"}, {Name: "web.listen-address", Value: ":9968"}},
		Build:       view.Build{Version: "0.1.0", Revision: "5d0c1f2a9b7e", Branch: "main", Date: "20261122-06:00:00", GoVersion: "go1.26.8"},
		Started:     watched,
		ExternalURL: &url.URL{Scheme: "https", Host: "periskop.example.com", Path: "/errors"},
		Growth:      w.recent.Growth,
		Departed:    w.recent.Departed,
		Group:       w.state.Group,
		Decide:      w.state.Decide,
		Reset:       w.state.Reset,
		User:        func(r *http.Request) string { return r.Header.Get("X-User") },
		Storage: func() view.StorageStatus {
			return view.StorageStatus{Path: "/var/lib/periskop", Size: 1_800_000, Commits: 412, LastAt: now.Add(-time.Second), Took: 4 * time.Millisecond}
		},
		Now: func() time.Time { return now },
	}
	if w.change != nil {
		w.change(&o)
	}
	h, err := view.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// serve adds a target that answers with these reports, after an empty one with which
// the watch begins.
func (w *world) serve(service, instance string, labels periskop.Labels, reports ...*periskop.Report) {
	target := newTarget(service, instance, labels)
	first := &periskop.Report{TargetUUID: instance}
	at := watched
	for i, r := range append([]*periskop.Report{first}, reports...) {
		scrape := &periskop.Scrape{
			Target: target, Start: at, Duration: 23 * time.Millisecond, Result: periskop.Success,
			Report: r, Date: at.Truncate(time.Second), Size: 18_230,
		}
		w.state.Fold(scrape)
		at = now.Add(time.Duration(i-len(reports)) * time.Second)
	}
	last := &periskop.Scrape{Target: target, Start: at, Duration: 23 * time.Millisecond, Result: periskop.Success, Size: 18_230}
	w.add(target, periskop.TargetHealth{Target: target, Last: last, Next: now.Add(21 * time.Second)})
}

// grow lets what the services counted have come within the last hour, that of each key
// in its own way.
func (w *world) grow(services ...string) {
	w.recent.Observe(&merge.Snapshot{}, now.Add(-2*time.Hour))
	for step := range merge.GrowthSteps {
		s := &merge.Snapshot{}
		for _, svc := range w.state.Snapshot().Services {
			out := &merge.Service{Name: svc.Name}
			for k, e := range svc.Exceptions {
				copied := *e
				copied.Counts = []merge.Count{{}}
				if slices.Contains(services, svc.Name) {
					copied.Counts[0].Counted = grownTo(e.Counted(), k, step)
				}
				out.Exceptions = append(out.Exceptions, &copied)
			}
			s.Services = append(s.Services, out)
		}
		w.recent.Observe(s, now.Add(time.Duration(step-merge.GrowthSteps+1)*merge.GrowthStep))
	}
}

// grownTo returns how much of total has come up to a step, for the key of that number.
func grownTo(total uint64, k, step int) uint64 {
	last := merge.GrowthSteps - 1 - (k*11)%merge.GrowthSteps
	var part, whole uint64
	for i := range last + 1 {
		weight := uint64(1 + i*i + (i*(k+3)*17)%97)
		whole += weight
		if i <= step {
			part += weight
		}
	}
	return total * part / whole
}

// fail adds a target whose scrapes end like that.
func (w *world) fail(service, instance string, result periskop.Result, err string) {
	target := newTarget(service, instance, nil)
	w.add(target, periskop.TargetHealth{
		Target:    target,
		Last:      &periskop.Scrape{Target: target, Start: now.Add(-12 * time.Second), Duration: 10 * time.Second, Result: result, Err: errors.New(err)},
		DownSince: now.Add(-17 * time.Minute),
		Next:      now.Add(18 * time.Second),
	})
}

func (w *world) add(target *periskop.Target, health periskop.TargetHealth) {
	w.health = append(w.health, health)
	for i := range w.targets {
		if w.targets[i].Service == target.Service {
			w.targets[i].Targets = append(w.targets[i].Targets, target)
			return
		}
	}
	w.targets = append(w.targets, periskop.ServiceTargets{Service: target.Service, Targets: []*periskop.Target{target}})
}

func newTarget(service, instance string, labels periskop.Labels) *periskop.Target {
	return &periskop.Target{
		Service: service, Instance: instance, URL: "http://" + instance + "/-/exceptions",
		Labels:     append(periskop.Labels{{Name: "instance", Value: instance}}, labels...),
		Discovered: periskop.Labels{{Name: "__address__", Value: instance}, {Name: "__meta_dns_name", Value: "telemetry.api.prod." + service}, {Name: "__scheme__", Value: "http"}},
		Interval:   30 * time.Second, Timeout: 10 * time.Second,
	}
}

// payload reads a captured answer of a real client library.
func payload(t testing.TB, name string) *periskop.Report {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(payloads, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := periskop.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// combined is one process that answers with all of these payloads at once.
func combined(t testing.TB, uuid string, files ...string) *periskop.Report {
	t.Helper()
	out := &periskop.Report{TargetUUID: uuid}
	for _, f := range files {
		out.Aggregates = append(out.Aggregates, payload(t, f).Aggregates...)
	}
	return out
}

// realWorld is a fleet of services in four languages, as the clients report them, with
// targets in every state.
func realWorld(t testing.TB) *world {
	t.Helper()
	env := func(v, version string) periskop.Labels {
		return periskop.Labels{{Name: "env", Value: v}, {Name: "node", Value: "node-7"}, {Name: "version", Value: version}}
	}
	w := newWorld(
		merge.ServiceSettings{Name: "checkout", GroupBy: []string{"env"}, OccurrenceLabels: []string{"node", "version"}}, merge.ServiceSettings{Name: "catalogue"},
		merge.ServiceSettings{Name: "payments"}, merge.ServiceSettings{Name: "search"}, merge.ServiceSettings{Name: "mailer"},
		merge.ServiceSettings{Name: "legacy"},
	)
	w.serve("checkout", "10.2.0.11:8080", env("prod", "3.1.4"), combined(t, "g1", "go/basic-a", "go/http-context-a", "go/severities-a", "go/types-a", "go/manual-a"))
	w.serve("checkout", "10.2.0.12:8080", env("staging", "3.2.0-rc1"), combined(t, "g2", "go/basic-b", "go/severities-b", "go/overflow-b"))
	w.fail("checkout", "10.2.0.13:8080", periskop.Timeout, "connected, but no answer within 10s")
	w.serve("payments", "10.2.1.7:9000", nil, combined(t, "s1", "scala/basic-a", "scala/causes-a", "scala/http-context-a", "scala/many-keys-a"))
	w.serve("catalogue", "catalogue-5f7d9c-x2x8q:3000", nil, combined(t, "r1", "ruby/basic-a", "ruby/causes-a", "ruby/rack-a", "ruby/class-names-a"))
	w.serve("search", "search-0.search:8000", nil, combined(t, "p1", "python/basic-a", "python/chained-a", "python/http-context-a", "python/unicode-a"))
	w.serve("search", "search-1.search:8000", nil, combined(t, "p2", "python/basic-b", "python/chained-b", "python/long-message-a"))
	w.add(newTarget("search", "search-2.search:8000", nil), periskop.TargetHealth{
		Target: newTarget("search", "search-2.search:8000", nil), Next: now.Add(3 * time.Second),
	})
	w.serve("legacy", "legacy-vm:5000", nil, payload(t, "mocktarget/errors"))
	w.fail("mailer", "mailer-a:8080", periskop.HTTPStatus, "the target answered 500 Internal Server Error: <!DOCTYPE html><html><head><title>Oops</title>")
	w.fail("mailer", "mailer-b:8080", periskop.Connection, "connection refused")
	w.targets[len(w.targets)-1].Problems = []string{"DNS: no such host telemetry.api.prod.mailer (server 10.2.0.2:53)"}
	w.targets[0].Dropped = 2
	w.config = view.ConfigStatus{
		File: "/etc/periskop/periskop.yaml", LoadedAt: watched,
		Text: "services:\n  - name: checkout\n    dns_sd_configs:\n      - names: [telemetry.api.prod.checkout]\n    scraper:\n      basic_auth:\n        username: periskop\n        password: <secret>\n",
	}
	return w
}

// attack is markup that sets a variable if it ever runs.
const attack = `<script>window.pwned=1</script><img src=x onerror="window.pwned=1"><svg onload=window.pwned=1>` +
	`"'><a href="javascript:window.pwned=1">x</a></textarea></title></style></pre><base href="http://evil.test/">{{.}}`

// hostile are the words that a stranger may send in any field.
var hostile = map[string]string{
	"markup":     attack,
	"url":        "javascript:window.pwned=1",
	"bidi":       "user\u202etxt.exe\u202c \u2066isolated\u2069 \u200fright\u200e left \u061c",
	"terminal":   "\x1b[31mred\x1b[0m \x1b]0;title\x07 \u009b31m",
	"control":    "nul:\x00 bell:\a back:\b\b\b return:\r delete:\x7f",
	"invisible":  "zero\u200bwidth\ufeff joiner\u200d soft\u00adhyphen tag\U000e0041 filler\u3164 line\u2028paragraph\u2029",
	"combining":  "Z" + strings.Repeat("\u0301\u0327", 300) + "algo",
	"zero width": strings.Repeat("\u200b", 5000),
	"unbroken":   strings.Repeat("W", 3000),
	"arabic":     "خطأ في الدفع: البطاقة مرفوضة",
	"emoji":      "👩‍💻 works on ❤️ 1️⃣ 🇩🇪 é",
	"empty":      "",
	"spaces":     "  two  spaces\t\ttabs\n\n\nlines  ",
}

// hostileWorld has an exception for each of the hostile words in every field, and
// others of monstrous size.
func hostileWorld(t testing.TB) *world {
	t.Helper()
	evil := "evil " + attack
	w := newWorld(merge.ServiceSettings{Name: evil, GroupBy: []string{"env"}, OccurrenceLabels: []string{"env", "version"}})
	report := &periskop.Report{TargetUUID: "evil"}
	add := func(key string, e periskop.Exception, context *periskop.HTTPContext) {
		n := len(report.Aggregates)
		report.Aggregates = append(report.Aggregates, periskop.Aggregate{
			Key: key, TotalCount: 500_000_000 - uint64(n), Severity: "error", CreatedAt: now.Add(-time.Minute),
			Latest: periskop.EncodeOccurrences([]periskop.Occurrence{{
				UUID: fmt.Sprintf("00000000-0000-4000-8000-%012d", n+1), Timestamp: now.Add(-time.Duration(n) * time.Second),
				Severity: "error", Error: e, HTTPContext: context,
			}}),
		})
	}
	for name, s := range hostile {
		add("hostile "+name+": "+s, periskop.Exception{
			Class: s, Message: s, Stacktrace: []string{s, "", s}, Cause: &periskop.Exception{Class: s, Message: s, Stacktrace: []string{s}},
		}, &periskop.HTTPContext{Method: s, URL: s, Headers: []periskop.Header{{Name: s, Value: s}, {Name: "x-" + name, Value: s}}, Body: s})
	}
	add("long message", periskop.Exception{Class: "LongMessage", Message: strings.Repeat("a message without end, ", 1<<20/22) + "THE END"}, nil)
	frames := make([]string, 10_000)
	for i := range frames {
		frames[i] = fmt.Sprintf("\tat com.example.Recursive.call%d(Recursive.java:%d)", i, i)
	}
	add("many frames", periskop.Exception{Class: "StackOverflowError", Message: "too deep", Stacktrace: frames}, nil)
	add("many causes", *chain(200), nil)
	add("fifty causes", *chain(50), nil)
	report.Aggregates = append(report.Aggregates, periskop.Aggregate{Key: "odd severity", TotalCount: 3, Severity: "<b>" + attack, CreatedAt: now.Add(-time.Minute)})
	w.serve(evil, "evil-"+attack, periskop.Labels{{Name: "env", Value: attack}, {Name: "version", Value: hostile["bidi"]}}, report)
	w.fail(evil, "down-"+hostile["bidi"], periskop.InvalidPayload, "no JSON: "+attack+hostile["terminal"])
	w.targets[0].Problems = []string{"problem: " + attack, hostile["bidi"]}
	w.change = func(o *view.Options) {
		o.Ways = func(string) view.Ways {
			return view.Ways{
				Team: attack, Source: []view.SourceLink{{URL: "https://x.test/{version}/{path}#{line}", Version: "v{version}", Unversioned: "main"}},
				Links: []view.Link{{Name: "<b>Issue</b>", URL: "https://x.test/new?t={title}&k={key}&c={class}&v={version}&b={body}"}},
			}
		}
	}
	w.config = view.ConfigStatus{File: attack, Text: attack + hostile["control"], LoadedAt: watched, ReloadErr: errors.New(attack + "\n" + hostile["terminal"]), ReloadAt: now}
	return w
}

// chain returns an exception with that many causes.
func chain(causes int) *periskop.Exception {
	var e *periskop.Exception
	for i := causes; i >= 0; i-- {
		e = &periskop.Exception{
			Class: fmt.Sprintf("Cause%d", i), Message: fmt.Sprintf("cause number %d", i),
			Stacktrace: []string{fmt.Sprintf("frame of cause %d", i)}, Cause: e,
		}
	}
	return e
}

// reportOf has one key with one occurrence.
func reportOf(key string, e periskop.Exception) *periskop.Report {
	return &periskop.Report{TargetUUID: "u", Aggregates: []periskop.Aggregate{{
		Key: key, TotalCount: 1, Severity: "error", CreatedAt: now.Add(-time.Minute),
		Latest: periskop.EncodeOccurrences([]periskop.Occurrence{{UUID: newestUUID, Timestamp: now.Add(-time.Minute), Error: e}}),
	}}}
}
