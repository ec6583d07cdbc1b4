package notify

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// began is an exception whose episode began at noon and that grew a minute later.
func began(key string, change ...func(*merge.Exception)) *merge.Exception {
	e := &merge.Exception{
		ID: merge.ExceptionID("check out", key), Service: "check out", Key: key, Label: key, Class: "ValueError",
		Counts:    []merge.Count{{Severity: "error", Counted: 3}},
		FirstSeen: at(-1), LastSeen: at(1), Grown: at(1), Episode: merge.Episode{Began: noon},
	}
	for _, c := range change {
		c(e)
	}
	return e
}

func crowded(e *merge.Exception)  { e.Episode.Crowded = true }
func resolved(e *merge.Exception) { e.Resolved = &merge.Resolution{At: at(2)} }

func snapshot(list ...*merge.Exception) *merge.Snapshot {
	return &merge.Snapshot{Services: []*merge.Service{{Name: "check out", WatchedSince: at(-60), Exceptions: list}}}
}

var testWriter = alertBuilder{
	externalURL: "http://periskop/x", dashboardURL: "http://grafana/d/overview?orgId=1", quiet: time.Hour,
	ownCode: func(string) []string { return nil },
	team:    func(string) string { return "payments" },
}

func TestAlert(t *testing.T) {
	e := began("a/b#c", func(e *merge.Exception) {
		e.Kept = merge.NewKept(periskop.Occurrence{Instance: "shop-2", Labels: periskop.NewLabels(map[string]string{"version": "3.1.4", "message": "x", "pod": "p"}), Error: periskop.Exception{
			Class: "ValueError", Message: " no stock \n",
			Stacktrace: []string{
				"Traceback (most recent call last):", `  File "/srv/app.py", line 9, in main`, "    sell()",
				`  File "/srv/shop.py", line 27, in sell`, "    stock.take()", "    ^^^^^^^^^^^^",
				`  File "/usr/lib/python3/site-packages/stock.py", line 3, in take`, "    raise ValueError", "ValueError: no stock",
			},
		}})
	})
	got := testWriter.active(snapshot(e), at(2))
	if len(got) != 1 {
		t.Fatalf("got %d alerts, want 1", len(got))
	}
	id := e.ID
	want := &alert{
		key: "PeriskopNewException/" + id,
		Labels: map[string]string{
			"alertname": "PeriskopNewException", "severity": "warning", "service_name": "check out", "aggregation_key": "a/b#c", "exception_id": id, "team": "payments",
		},
		Annotations: map[string]string{
			"summary":       "New exception in check out: ValueError: no stock",
			"description":   "a/b#c was first seen at 2026-11-22 11:59:00 UTC and was counted 3 times at severity error, last on shop-2 in version 3.1.4.",
			"instance":      "shop-2",
			"version":       "3.1.4",
			"pod":           "p",
			"message":       "no stock",
			"stacktrace":    "File \"/srv/shop.py\", line 27, in sell: stock.take()\nFile \"/srv/app.py\", line 9, in main: sell()",
			"exception_url": "http://periskop/x/trace/" + id,
			"dashboard_url": "http://grafana/d/overview?orgId=1&var-service=check+out&var-key=a%2Fb%23c",
			"runbook_url":   "https://github.com/periskop-exporter/periskop_exporter/blob/main/docs/alerts/PeriskopNewException.md",
		},
		StartsAt: noon, EndsAt: at(61), GeneratorURL: "http://periskop/x/trace/" + id,
	}
	if diff := cmp.Diff(got[0], want, cmp.AllowUnexported(alert{})); diff != "" {
		t.Errorf("alert (-got +want):\n%s", diff)
	}
}

func TestActive(t *testing.T) {
	for _, c := range []struct {
		name string
		list []*merge.Exception
		now  time.Time
		want []string
	}{
		{"an episode", []*merge.Exception{began("a")}, at(2), []string{"PeriskopNewException a"}},
		{"until it was quiet for an hour", []*merge.Exception{began("a")}, at(61), nil},
		{"not history", []*merge.Exception{began("a", func(e *merge.Exception) { e.Episode = merge.Episode{} })}, at(2), nil},
		{"nor what is resolved", []*merge.Exception{began("a", resolved)}, at(2), nil},
		{"nor what is muted", []*merge.Exception{began("a", func(e *merge.Exception) { e.Muted = &merge.Mute{} })}, at(2), nil},
		{"that was muted until it grew", []*merge.Exception{began("a", func(e *merge.Exception) { e.Episode.Unmuted = true })}, at(2), []string{"PeriskopExceptionRegressed a"}},
		{"nor what grows after its end", []*merge.Exception{began("a", func(e *merge.Exception) { e.Episode.Over = true })}, at(2), nil},
		{"a regression", []*merge.Exception{began("a", func(e *merge.Exception) { e.Regressions = 2 })}, at(2), []string{"PeriskopExceptionRegressed a"}},
		{
			"a crowd is one",
			[]*merge.Exception{began("a"), began("b", crowded), began("c", crowded), began("d", crowded, resolved)},
			at(2),
			[]string{"PeriskopNewException a", "PeriskopManyExceptions "},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, a := range testWriter.active(snapshot(c.list...), c.now) {
				got = append(got, a.Labels["alertname"]+" "+a.Labels["aggregation_key"])
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("alerts (-got +want):\n%s", diff)
			}
		})
	}
}

func TestCrowd(t *testing.T) {
	list := []*merge.Exception{
		began("a", crowded), began("b", crowded, func(e *merge.Exception) { e.Grown = at(9) }),
		began("c", crowded, func(e *merge.Exception) { e.Episode.Began = at(5) }),
	}
	got := testWriter.active(snapshot(list...), at(10))[0]
	if !got.StartsAt.Equal(noon) || !got.EndsAt.Equal(at(69)) {
		t.Errorf("it is from %s to %s", got.StartsAt, got.EndsAt)
	}
	texts := []string{got.Annotations["summary"], got.Annotations["description"]}
	want := []string{
		"3 more new or returned exceptions in check out",
		"Too many exceptions of check out are new or came back for an alert each. Without one: 3, among them c, a, b.",
	}
	if diff := cmp.Diff(texts, want); diff != "" {
		t.Errorf("texts (-got +want):\n%s", diff)
	}
}

func TestTexts(t *testing.T) {
	regressed := func(e *merge.Exception) {
		e.Regressions, e.Class, e.FirstSeen = 1, "", at(-90)
		e.Counts = []merge.Count{
			{Severity: "warning", Counted: 1}, {Severity: "error", Counted: 4}, {Severity: "error", Counted: 3}, {Severity: "fatal"},
		}
	}
	once := func(e *merge.Exception) {
		e.Counts[0].Counted = 1
		e.Kept = merge.NewKept(periskop.Occurrence{Error: periskop.Exception{Message: "card\n declined " + strings.Repeat("x", 200)}})
	}
	for _, c := range []struct {
		name                 string
		exception            *merge.Exception
		summary, description string
	}{
		{
			"an occurrence is counted once, and its message has one line that is not too long",
			began("a", once),
			"New exception in check out: ValueError: card declined " + strings.Repeat("x", 131) + "…",
			"a was first seen at 2026-11-22 11:59:00 UTC and was counted once at severity error.",
		},
		{
			"a regression, without class and occurrences",
			began("a", regressed),
			"Resolved exception is back in check out: a",
			"a was resolved and came back at 2026-11-22 12:00:00 UTC. It was first seen at 2026-11-22 10:30:00 UTC and was counted 7 times at severity error, once at severity warning.",
		},
		{
			"a crowd of one",
			began("a", crowded),
			"1 more new or returned exception in check out",
			"Too many exceptions of check out are new or came back for an alert each. Without one: 1, among them a.",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := testWriter.active(snapshot(c.exception), at(2))[0]
			got := []string{a.Annotations["summary"], a.Annotations["description"]}
			if diff := cmp.Diff(got, []string{c.summary, c.description}); diff != "" {
				t.Errorf("texts (-got +want):\n%s", diff)
			}
		})
	}
}

// TestOwnCode has a service that says what is its own.
func TestOwnCode(t *testing.T) {
	e := began("a", func(e *merge.Exception) {
		e.Kept = merge.NewKept(periskop.Occurrence{Error: periskop.Exception{
			Stacktrace: []string{"com.example.lib.Pool.get(Pool.java:3)", "com.example.shop.Cart.add(Cart.java:1)"},
		}})
	})
	w := testWriter
	w.ownCode = func(service string) []string {
		return map[string][]string{"check out": {"com.example.shop."}}[service]
	}
	got := w.active(snapshot(e), at(2))[0].Annotations["stacktrace"]
	if want := "com.example.shop.Cart.add(Cart.java:1)"; got != want {
		t.Errorf("stack trace: got %q, want %q", got, want)
	}
}

func TestCut(t *testing.T) {
	if got := cut(strings.Repeat("ü", 300), maxMessage); len(got) > maxMessage || !strings.HasSuffix(got, "ü…") {
		t.Errorf("got %d bytes that end in %q", len(got), got[len(got)-5:])
	}
	if got := cut("a\xffb", maxMessage); got != "a\ufffdb" {
		t.Errorf("got %q", got)
	}
}
