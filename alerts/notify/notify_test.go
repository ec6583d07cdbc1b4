package notify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A fakeAlertmanager keeps what it is sent, unless it is away.
type fakeAlertmanager struct {
	*httptest.Server

	mu   sync.Mutex
	away bool
	got  []*alert
}

func newFake(t *testing.T) *fakeAlertmanager {
	t.Helper()
	f := &fakeAlertmanager{}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeAlertmanager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var list []*alert
	body, err := io.ReadAll(r.Body)
	if err = errors.Join(err, json.Unmarshal(body, &list)); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away {
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	}
	f.got = append(f.got, list...)
}

func (f *fakeAlertmanager) setAway(away bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = away
}

// take returns what came since it was last called: name, key, and minute of the end.
func (f *fakeAlertmanager) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, a := range f.got {
		out = append(out, strings.Join([]string{a.Labels["alertname"], a.Labels["aggregation_key"], a.EndsAt.UTC().Format("15:04")}, " "))
	}
	f.got = nil
	slices.Sort(out)
	return out
}

// A testNotifier is a notifier whose evaluations and deliveries a test makes one by one.
type testNotifier struct {
	*Notifier
	fakes   []*fakeAlertmanager
	senders senderSet
	now     time.Time
	list    []*merge.Exception
}

func newTestNotifier(t *testing.T, fakes int, change ...func(*Settings)) *testNotifier {
	t.Helper()
	b := &testNotifier{now: at(2)}
	b.Notifier = New(Options{
		Snapshot:    func() *merge.Snapshot { return snapshot(b.list...) },
		ExternalURL: "http://periskop", Registerer: prometheus.NewPedanticRegistry(), Now: func() time.Time { return b.now },
	})
	s := Settings{Quiet: time.Hour, Resend: time.Minute, Alertmanagers: []Alertmanager{{Name: "am", Timeout: 10 * time.Second}}}
	for _, c := range change {
		c(&s)
	}
	if err := b.Configure(s); err != nil {
		t.Fatal(err)
	}
	var targets []*periskop.Target
	for range fakes {
		f := newFake(t)
		b.fakes = append(b.fakes, f)
		targets = append(targets, &periskop.Target{URL: f.URL + "/api/v2/alerts"})
	}
	b.SetTargets([]periskop.ServiceTargets{{Service: "am", Targets: targets}})
	t.Cleanup(b.senders.stop)
	return b
}

// step evaluates once at that time, and waits until every sender is done.
func (b *testNotifier) step(ctx context.Context, now time.Time) {
	b.now = now
	ended := make(chan struct{})
	close(ended)
	b.senders.update(b.destinations, b.targets, func(d *destination, t *periskop.Target) *runningSender {
		return &runningSender{sender: b.newSender(&b.settings, d, t), destination: d, cancel: func() {}, ended: ended}
	})
	b.evaluate(ctx, &b.senders)
	for _, c := range b.senders.senders {
		select {
		case h := <-c.pending:
			if !b.now.Before(c.pause) {
				c.deliver(ctx, h)
			}
		default:
		}
	}
}

func equal(t *testing.T, got, want []string) {
	t.Helper()
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("alerts (-got +want):\n%s", diff)
	}
}

// TestClosedBefore has an exporter end right after exceptions were muted and resolved, before it told
// so: the next one does, once, as soon as an Alertmanager takes it.
func TestClosedBefore(t *testing.T) {
	b := newTestNotifier(t, 1)
	muted := func(e *merge.Exception) { e.Muted = &merge.Mute{At: at(2)} }
	b.list = []*merge.Exception{
		began("muted", muted), began("resolved", resolved), began("open"), began("crowded", crowded, muted),
		began("long ago", muted, func(e *merge.Exception) { e.Grown = at(-100) }), began("history", muted, func(e *merge.Exception) { e.Episode = merge.Episode{} }),
	}
	b.fakes[0].setAway(true)
	b.step(t.Context(), at(3))
	b.fakes[0].take()
	b.fakes[0].setAway(false)
	b.step(t.Context(), at(10))
	equal(t, b.fakes[0].take(), []string{"PeriskopNewException muted 12:10", "PeriskopNewException open 13:01", "PeriskopNewException resolved 12:10"})
	b.step(t.Context(), at(11))
	equal(t, b.fakes[0].take(), []string{"PeriskopNewException open 13:01"})
}

func TestResendUntilQuiet(t *testing.T) {
	b := newTestNotifier(t, 1)
	am := b.fakes[0]
	b.list = []*merge.Exception{began("a")}
	b.step(t.Context(), at(2))
	equal(t, am.take(), []string{"PeriskopNewException a 13:01"})
	b.step(t.Context(), at(2).Add(30*time.Second))
	equal(t, am.take(), nil)
	b.list = []*merge.Exception{began("a", func(e *merge.Exception) { e.Grown = at(3) })}
	b.step(t.Context(), at(3))
	equal(t, am.take(), []string{"PeriskopNewException a 13:03"})
	b.step(t.Context(), at(63)) // Alertmanager ends it by itself
	equal(t, am.take(), nil)
	b.step(t.Context(), at(64))
	equal(t, am.take(), nil)
}

func TestResolvedIsTold(t *testing.T) {
	b := newTestNotifier(t, 1)
	am := b.fakes[0]
	b.list = []*merge.Exception{began("a")}
	b.step(t.Context(), at(2))
	am.take()
	b.list = []*merge.Exception{began("a", resolved)}
	b.step(t.Context(), at(4))
	equal(t, am.take(), []string{"PeriskopNewException a 12:04"})
	b.step(t.Context(), at(6))
	equal(t, am.take(), nil)
}

// TestAlertmanagerAway has an exception come and go while Alertmanager is away.
func TestAlertmanagerAway(t *testing.T) {
	b := newTestNotifier(t, 1, func(s *Settings) { s.Quiet = 3 * time.Minute })
	am := b.fakes[0]
	am.setAway(true)
	b.list = []*merge.Exception{began("gone"), began("goes on", func(e *merge.Exception) { e.Grown = at(11) })}
	for m := 2; m <= 11; m++ {
		b.step(t.Context(), at(m))
	}
	equal(t, am.take(), nil)
	am.setAway(false)
	b.step(t.Context(), at(13))
	equal(t, am.take(), []string{"PeriskopNewException goes on 12:14", "PeriskopNewException gone 12:18"})
	b.step(t.Context(), at(13).Add(evaluationInterval)) // before Alertmanager has told of it
	equal(t, am.take(), nil)
	if got := testutil.ToFloat64(b.metrics.failed); got == 0 {
		t.Error("no failure is counted")
	}
	if got := testutil.ToFloat64(b.metrics.sent); got != 2 {
		t.Errorf("%v alerts are counted as sent, want 2", got)
	}
}

func TestGivenUp(t *testing.T) {
	b := newTestNotifier(t, 1)
	b.fakes[0].setAway(true)
	b.list = []*merge.Exception{began("a")}
	b.step(t.Context(), at(2))
	b.step(t.Context(), at(120))
	if got := testutil.ToFloat64(b.metrics.dropped); got != 0 {
		t.Errorf("%v alerts are dropped within an hour of their end", got)
	}
	b.step(t.Context(), at(130))
	b.step(t.Context(), at(140))
	if got := testutil.ToFloat64(b.metrics.dropped); got != 1 {
		t.Errorf("%v alerts are counted as dropped, want 1", got)
	}
}

// TestOneAway has one of two Alertmanagers away: nothing that has ended is told to the
// one that comes back, as the other has told of it.
func TestOneAway(t *testing.T) {
	b := newTestNotifier(t, 2, func(s *Settings) { s.Quiet = 3 * time.Minute })
	b.fakes[1].setAway(true)
	b.list = []*merge.Exception{began("a")}
	b.step(t.Context(), at(2))
	equal(t, b.fakes[0].take(), []string{"PeriskopNewException a 12:04"})
	b.step(t.Context(), at(8))
	b.fakes[1].setAway(false)
	b.step(t.Context(), at(10))
	equal(t, b.fakes[0].take(), nil)
	equal(t, b.fakes[1].take(), nil)
}

// TestRestart shows that a new notifier over the same state sends what Alertmanager
// takes for the same alert, and nothing that was over.
func TestRestart(t *testing.T) {
	sent := func() []*alert {
		b := newTestNotifier(t, 1)
		b.list = []*merge.Exception{began("a"), began("over", func(e *merge.Exception) { e.Grown = at(-70) })}
		b.step(t.Context(), at(5))
		return b.fakes[0].got
	}
	if diff := cmp.Diff(sent(), sent(), cmp.AllowUnexported(alert{})); diff != "" {
		t.Errorf("alerts before and after (-got +want):\n%s", diff)
	}
	if got := len(sent()); got != 1 {
		t.Errorf("%d alerts are sent, want 1", got)
	}
}

func TestLabels(t *testing.T) {
	drop := &relabel.Config{
		SourceLabels: model.LabelNames{"aggregation_key"}, Regex: relabel.MustNewRegexp("noise"), Action: relabel.Drop, NameValidationScheme: model.UTF8Validation,
	}
	forget := &relabel.Config{Regex: relabel.MustNewRegexp("replica"), Action: relabel.LabelDrop, NameValidationScheme: model.UTF8Validation}
	b := newTestNotifier(t, 1, func(s *Settings) {
		s.ExternalLabels = map[string]string{"region": "eu", "replica": "1", "severity": "page"}
		s.Relabel = []*relabel.Config{drop}
		s.Alertmanagers[0].Relabel = []*relabel.Config{forget}
	})
	b.list = []*merge.Exception{began("a"), began("noise")}
	b.step(t.Context(), at(2))
	got := b.fakes[0].got
	if len(got) != 1 {
		t.Fatalf("%d alerts are sent, want 1", len(got))
	}
	want := map[string]string{
		"alertname": "PeriskopNewException", "severity": "warning", "service_name": "check out",
		"aggregation_key": "a", "exception_id": b.list[0].ID, "region": "eu",
	}
	if diff := cmp.Diff(got[0].Labels, want); diff != "" {
		t.Errorf("labels (-got +want):\n%s", diff)
	}
}

// TestRun has senders run by themselves, with one Alertmanager that never answers.
func TestRun(t *testing.T) {
	b := newTestNotifier(t, 1)
	b.list = []*merge.Exception{began("a")}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	b.SetTargets([]periskop.ServiceTargets{{Service: "am", Targets: []*periskop.Target{{URL: "http://" + silent.Addr().String()}, {URL: b.fakes[0].URL}}}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	for testutil.ToFloat64(b.metrics.sent) == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	equal(t, b.fakes[0].take(), []string{"PeriskopNewException a 13:01"})
}
