package discovery

import (
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestSentence(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{
			"one line with an end",
			"yaml: unmarshal errors:\n  line 1: no list.", "yaml: unmarshal errors: line 1: no list.",
		},
		{
			"user, password and query of a URL",
			`Get "https://user:pass word@sd.example:8080/a/b?token=x&y=z": EOF`,
			`Get "https://<secret>@sd.example:8080/a/b?token=<secret>&y=<secret>": EOF.`,
		},
		{
			"a URL without quotes",
			"cannot reach consul://:secret@a:8500/x, giving up", "cannot reach consul://<secret>@a:8500/x, giving up.",
		},
		{
			"an at sign in a path is no user",
			"http://a:80/x@y is down", "http://a:80/x@y is down.",
		},
		{
			"the local end of a connection",
			"read udp 127.0.0.1:41234->127.0.0.1:53: i/o timeout", "read udp 127.0.0.1:53: i/o timeout.",
		},
		{
			"the local end of an IPv6 connection",
			"read tcp [::1]:41234->[::1]:80: connection reset by peer", "read tcp [::1]:80: connection reset by peer.",
		},
		{
			"what is not UTF-8", "a\xffb", "a\uFFFDb.",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := sentence(c.text); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}

	long := sentence(string(slices.Repeat([]byte("é"), 1000)))
	if len(long) > maxSentence+len("…") {
		t.Errorf("a long text has still %d bytes", len(long))
	}
}

// A watch logs errors as long as it fails, and says nothing when it works again.
func TestStream(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	web := logRecord{level: slog.LevelError, message: "Error refreshing service", err: "refused", attrs: []attr{{"service", "web"}}}
	shop := logRecord{level: slog.LevelError, message: "Error refreshing service", err: "refused", attrs: []attr{{"service", "shop"}}}
	const (
		webText  = "The consul discovery reports: Error refreshing service (service web): refused."
		shopText = "The consul discovery reports: Error refreshing service (service shop): refused."
	)
	s := newStreamHealth("consul", start)
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"two watches fail", func() { s.record(at(0), web); s.record(at(0), shop) }, []string{shopText, webText}},
		{"one of them fails again", func() { s.record(at(45*time.Second), web) }, []string{shopText, webText}},
		{"an update comes while both are fresh", func() { s.update(at(50*time.Second), nil) }, []string{shopText, webText}},
		{"an update comes when one is old", func() { s.update(at(61*time.Second), nil) }, []string{webText}},
		{"nothing happens for a while", func() { s.check(at(5 * time.Minute)) }, []string{webText}},
		{"nothing happens for long", func() { s.check(at(6 * time.Minute)) }, []string{}},
	} {
		step.do()
		if got := texts(s.problems()); !slices.Equal(got, step.want) {
			t.Errorf("%s: got %q, want %q", step.name, got, step.want)
		}
	}
}

// A watch is complete while it is in sync: when the updates of the beginning, or of the
// time after a failure, have paused, and not while it fails.
func TestStreamComplete(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	failure := logRecord{level: slog.LevelError, message: "Error refreshing service", err: "refused"}
	type step struct {
		second int
		event  string // update, failure, or "" for a look
		want   int    // the second of the last complete round; -1 for none
	}
	for name, steps := range map[string][]step{
		"updates pause":           {{1, "update", -1}, {2, "", -1}, {4, "", 4}, {5, "update", 4}, {6, "", 6}},
		"updates never pause":     {{1, "update", -1}, {28, "update", -1}, {29, "", -1}, {30, "update", -1}, {31, "", 31}},
		"there is nothing to say": {{2, "", -1}, {8, "", -1}, {10, "", 10}, {12, "", 12}},
		"it fails":                {{1, "update", -1}, {4, "", 4}, {5, "failure", 4}, {6, "", 4}, {8, "", 4}},
		"it fails, and says it no more": {
			{1, "update", -1},
			{4, "", 4},
			{5, "failure", 4},
			{70, "update", 4},
			{72, "", 72},
			{73, "failure", 72},
			{74, "", 72},
			{138, "", 72},
			{140, "update", 72},
			{141, "", 72},
			{142, "", 142},
		},
	} {
		s := newStreamHealth("consul", start)
		for _, step := range steps {
			switch step.event {
			case "update":
				s.update(at(step.second), nil)
			case "failure":
				s.record(at(step.second), failure)
			default:
				s.check(at(step.second))
			}
			want := at(step.want)
			if step.want < 0 {
				want = time.Time{}
			}
			if got := s.lastComplete(); !got.Equal(want) {
				t.Errorf("%s, %d s: complete at %v, want %v", name, step.second, got, want)
			}
		}
	}
}

// A warning counts when nothing worse came with it, and until the next round.
func TestRounds(t *testing.T) {
	warning := logRecord{level: slog.LevelWarn, message: "Skipping cluster", attrs: []attr{{"cluster", "a"}}}
	failure := logRecord{level: slog.LevelError, message: "Failed to describe", err: "refused"}
	r := &refreshHealth{name: "ecs"}
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i, step := range []struct {
		name     string
		do       func(time.Time)
		want     []string
		complete int // the last step that ended a complete round
	}{
		{"nothing has happened", func(time.Time) {}, []string{}, -1},
		{"a round begins", func(now time.Time) { r.record(now, warning) }, []string{}, -1},
		{"a round ends", func(now time.Time) { r.update(now, nil) }, []string{"The ecs discovery reports: Skipping cluster (cluster a)."}, 2},
		{"a round with an error", func(now time.Time) {
			r.record(now, warning)
			r.record(now, failure)
			r.record(now, failure)
			r.update(now, nil)
		}, []string{"The ecs discovery reports: Failed to describe: refused."}, 2},
		{"a round that fails", func(now time.Time) {
			r.record(now, failure)
			r.record(now, logRecord{level: slog.LevelError, message: refreshFailed, err: "no credentials"})
		}, []string{"The ecs discovery fails: no credentials."}, 2},
		{"a good round", func(now time.Time) { r.update(now, nil) }, []string{}, 5},
		{"nothing happens", func(now time.Time) { r.check(now) }, []string{}, 5},
	} {
		step.do(start.Add(time.Duration(i) * time.Minute))
		if got := texts(r.problems()); !slices.Equal(got, step.want) {
			t.Errorf("%s: got %q, want %q", step.name, got, step.want)
		}
		want := start.Add(time.Duration(step.complete) * time.Minute)
		if step.complete < 0 {
			want = time.Time{}
		}
		if got := r.lastComplete(); !got.Equal(want) {
			t.Errorf("%s: complete at %v, want %v", step.name, got, want)
		}
	}
}

func TestAPIServer(t *testing.T) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: kubernetesRequests}, []string{"status_code"})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(requests)
	a := &apiServerHealth{requests: registry, failures: map[string]apiFailure{}}
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const (
		away      = "A Kubernetes API server does not answer."
		forbidden = "A Kubernetes API server answers with status 403 (Forbidden)."
	)
	for _, step := range []struct {
		name     string
		after    time.Duration
		statuses []string
		want     []string
		inSync   bool
	}{
		{"it works", 0, []string{"200", "200", "410"}, []string{}, false},
		{"it works", 2 * time.Second, nil, []string{}, true},
		{"one request breaks off", 3 * time.Second, []string{noAnswer}, []string{}, false},
		{"it works", 4 * time.Second, []string{"200"}, []string{}, false},
		{"it has worked for a while", 14 * time.Second, nil, []string{}, true},
		{"it goes away", 16 * time.Second, []string{noAnswer, noAnswer}, []string{away}, false},
		{"it stays away", 60 * time.Second, []string{noAnswer}, []string{away}, false},
		{"there is no attempt", 62 * time.Second, nil, []string{away}, false},
		{"it is back", 64 * time.Second, []string{"200"}, []string{}, false},
		{"it forbids something", 66 * time.Second, []string{"403", "403", "200"}, []string{forbidden}, false},
		{"something else is allowed", 120 * time.Second, []string{"200"}, []string{forbidden}, false},
		{"it forbids nothing any more", 160 * time.Second, []string{"200"}, []string{}, false},
		{"and goes on so", 170 * time.Second, nil, []string{}, true},
	} {
		for _, status := range step.statuses {
			requests.WithLabelValues(status).Inc()
		}
		a.check(start.Add(step.after))
		if got := texts(a.problems()); !slices.Equal(got, step.want) {
			t.Errorf("%v, %s: got %q, want %q", step.after, step.name, got, step.want)
		}
		if got, want := a.answered(start.Add(step.after)), step.after >= checkInterval; got != want {
			t.Errorf("%v, %s: answered is %v, want %v", step.after, step.name, got, want)
		}
		if got := a.inSync(start.Add(step.after)); got != step.inSync {
			t.Errorf("%v, %s: in sync is %v, want %v", step.after, step.name, got, step.inSync)
		}
	}
}

// A discoverer may log faster than anybody reads, and before anybody does.
func TestLogRecordsAreBounded(t *testing.T) {
	s := &source{logged: make(chan struct{}, 1)}
	logger := slog.New(&logHandler{source: s, next: slog.DiscardHandler}).With("role", "pod")
	for range 10 * maxLogRecords {
		logger.Error("failed", "node", 7, "err", errors.New("refused"))
	}
	logger.Info("passes on")
	if got := len(s.records); got != maxLogRecords {
		t.Errorf("got %d log records, want %d", got, maxLogRecords)
	}
	if got, want := s.records[0].String(), "failed (role pod, node 7): refused"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
