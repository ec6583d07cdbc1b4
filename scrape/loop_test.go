package scrape_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/scrape"
)

// A bubble is a pool that runs in a synctest bubble, on a network in memory.
type bubble struct {
	*recorder
	net  *network
	pool *scrape.Pool
	stop func()
}

// inBubble runs test with a pool that has the service "shop" and starts at 0:07.
func inBubble(t *testing.T, o scrape.Options, test func(*testing.T, *bubble)) {
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{recorder: newRecorder(), net: newNetwork()}
		o.Begin, o.DialContext = collect(b.fold), b.net.dial
		b.pool = scrape.New(o)
		b.pool.Apply([]scrape.Service{shop()})
		time.Sleep(7 * time.Second)
		b.stop = run(t, b.pool)
		synctest.Wait()
		test(t, b)
		b.stop()
	})
}

// begin sets targets and lets their first scrapes pass, which come at once: what is
// recorded begins with those at their pace. One of each comes in each interval from here
// on.
func (b *bubble) begin(targets []periskop.ServiceTargets) {
	b.pool.SetTargets(targets)
	pass(usualInterval / 10)
	b.forget()
}

// pass lets time pass and everything happen that is due.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func starts(scrapes []*periskop.Scrape) []time.Time {
	var at []time.Time
	for _, s := range scrapes {
		at = append(at, s.Start)
	}
	return at
}

// checkPace checks that the starts are the given intervals apart.
func checkPace(t *testing.T, scrapes []*periskop.Scrape, want ...time.Duration) {
	t.Helper()
	at := starts(scrapes)
	var got []time.Duration
	for i := 1; i < len(at); i++ {
		got = append(got, at[i].Sub(at[i-1]))
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("time between the scrapes (-got +want):\n%s", diff)
	}
}

func slowTarget(url string) *periskop.Target {
	tgt := target(url)
	tgt.Interval, tgt.Timeout = 30*time.Second, 10*time.Second
	return tgt
}

// fleetOf returns n targets at shop.test.
func fleetOf(n int) []*periskop.Target {
	var targets []*periskop.Target
	for i := range n {
		targets = append(targets, slowTarget(fmt.Sprintf("http://shop.test/%04d", i)))
	}
	return targets
}

func TestLoopSpread(t *testing.T) {
	const interval = 30 * time.Second
	offset := func(s *periskop.Scrape) time.Duration { return time.Duration(s.Start.UnixNano()) % interval }
	offsets := make([]map[string]time.Duration, 2)
	for round := range offsets {
		inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
			b.net.serve(t, "shop.test:80", reporting(emptyReport))
			pass(time.Duration(round) * 11 * time.Second) // the second start is at another moment
			targets := fleetOf(500)
			b.begin(targetsOf("shop", targets...))
			pass(5 * interval)

			offsets[round] = map[string]time.Duration{}
			buckets := make([]int, 10)
			for _, tgt := range targets {
				of := b.of(tgt.URL)
				if len(of) < 4 {
					t.Fatalf("%s: got %d scrapes in five intervals", tgt.URL, len(of))
				}
				checkPace(t, of, slices.Repeat([]time.Duration{interval}, len(of)-1)...)
				offsets[round][tgt.URL] = offset(of[0])
				buckets[offset(of[0])*10/interval]++
			}
			for i, n := range buckets {
				if n < 25 || n > 85 {
					t.Errorf("%d of 500 targets are scraped in tenth %d of the interval, want about 50", n, i)
				}
			}
		})
	}
	if diff := cmp.Diff(offsets[0], offsets[1]); diff != "" {
		t.Errorf("places in the interval after a restart (-first +second):\n%s", diff)
	}
}

// The first scrapes of a start come at once, spread a little, and the next ones at their
// places, within an interval and a bit.
func TestLoopFirstScrape(t *testing.T) {
	inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
		b.net.serve(t, "shop.test:80", reporting(emptyReport))
		start := time.Now()
		b.pool.SetTargets(targetsOf("shop", fleetOf(500)...))
		pass(time.Second)
		all := b.all()
		if len(all) != 500 {
			t.Fatalf("got %d scrapes in the first second, want one of each of 500 targets", len(all))
		}
		if late := all[499].Start.Sub(start); late < 500*time.Millisecond {
			t.Errorf("the last one came after %s: they are not spread", late)
		}
		one := slowTarget("http://shop.test/one")
		b.pool.SetTargets(targetsOf("shop", append(fleetOf(500), one)...))
		pass(2 * time.Millisecond)
		if got := len(b.of(one.URL)); got != 1 {
			t.Errorf("a target that comes alone was scraped %d times at once, want 1", got)
		}
		pass(33 * time.Second)
		for _, tgt := range append(fleetOf(500), one) {
			of := b.of(tgt.URL)
			if len(of) < 2 {
				t.Fatalf("%s: no second scrape", tgt.URL)
			}
			if gap := of[1].Start.Sub(of[0].Start); gap < 3*time.Second || gap > 33*time.Second {
				t.Errorf("%s: the second scrape came %s after the first", tgt.URL, gap)
			}
		}
	})
}

func TestLoopSlowTarget(t *testing.T) {
	seconds := func(n ...int) []time.Duration {
		var d []time.Duration
		for _, s := range n {
			d = append(d, time.Duration(s)*time.Second)
		}
		return d
	}
	tests := []struct {
		name    string
		takes   time.Duration
		timeout time.Duration
		pace    []time.Duration // again and again
	}{
		{"shorter than the interval", 29 * time.Second, 60 * time.Second, seconds(30)},
		{"longer than the interval", 35 * time.Second, 60 * time.Second, seconds(60)},
		{"much longer than the interval", 95 * time.Second, 100 * time.Second, seconds(120)},
		{"a timeout as long as the interval", time.Hour, 30 * time.Second, seconds(30)},
		{"longer by a little", 31 * time.Second, 60 * time.Second, seconds(31, 31, 31, 57)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
				b.net.serve(t, "shop.test:80", func(w http.ResponseWriter, r *http.Request) {
					select {
					case <-time.After(tt.takes):
						reporting(emptyReport)(w, r)
					case <-r.Context().Done():
					}
				})
				tgt := slowTarget("http://shop.test/")
				tgt.Timeout = tt.timeout
				b.pool.SetTargets(targetsOf("shop", tgt))
				pass(10 * time.Minute)
				all := b.all()[1:] // The first one comes at once, whatever the pace.
				if len(all) < 4 {
					t.Fatalf("got %d scrapes in ten minutes", len(all))
				}
				var pace []time.Duration
				for i := range len(all) - 1 {
					pace = append(pace, tt.pace[i%len(tt.pace)])
				}
				checkPace(t, all, pace...)
				for _, s := range all {
					if want := min(tt.takes, tt.timeout); s.Duration != want {
						t.Errorf("a scrape took %s, want %s", s.Duration, want)
					}
				}
			})
		})
	}
}

// One target that hangs and one that drips must not make any other late.
func TestLoopsAreIndependent(t *testing.T) {
	inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
		b.net.serve(t, "shop.test:80", func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/0100":
				<-r.Context().Done()
			case "/0200":
				drip(w, r)
			case "/0300":
				_, _ = w.Write([]byte("<html>"))
			default:
				reporting(emptyReport)(w, r)
			}
		})
		targets := fleetOf(500)
		b.begin(targetsOf("shop", targets...))
		began := time.Now()
		pass(5 * 30 * time.Second)
		want := map[string]periskop.Result{"/0100": periskop.Timeout, "/0200": periskop.Timeout, "/0300": periskop.InvalidPayload}
		for _, tgt := range targets {
			of := slices.DeleteFunc(b.of(tgt.URL), func(s *periskop.Scrape) bool { return s.Start.Before(began) })
			if len(of) < 4 {
				t.Fatalf("%s: got %d scrapes in five intervals", tgt.URL, len(of))
			}
			checkPace(t, of, slices.Repeat([]time.Duration{30 * time.Second}, len(of)-1)...)
			result, odd := want[tgt.URL[len("http://shop.test"):]]
			if !odd {
				result = periskop.Success
			}
			if of[0].Result != result || !odd && of[0].Duration != 0 {
				t.Errorf("%s: got %s after %s, want %s", tgt.URL, of[0].Result, of[0].Duration, result)
			}
		}
	})
}

// TestLoopStopsAfterAnswer takes the target away when its answer is in: what a pod tells
// while it is being removed is the last that it will ever tell.
func TestLoopStopsAfterAnswer(t *testing.T) {
	url := serve(t, reporting(`{"aggregated_errors":[{"aggregation_key":"k","total_count":1}]}`))
	r := newRecorder()
	var p *scrape.Pool
	p = scrape.New(scrape.Options{Begin: func(s *periskop.Scrape) scrape.Intake {
		return leaving{collect(r.fold)(s), func() { p.SetTargets(nil) }}
	}})
	p.Apply([]scrape.Service{shop()})
	p.SetTargets(targetsOf("shop", target(url)))
	run(t, p)
	r.waitFor(t, "the answer", func() bool { return len(r.all()) > 0 })
	if s := r.all()[0]; s.Result != periskop.Success || s.Report == nil {
		t.Errorf("got %s, %v", s.Result, s.Report)
	}
}

// leaving has something done when an aggregate is taken.
type leaving struct {
	scrape.Intake
	do func()
}

func (l leaving) Take(a *periskop.Aggregate) {
	l.do()
	l.Intake.Take(a)
}

// TestLoopTimeoutCoversTakingIn has an answer that arrives at once, and takes long to take in:
// what is held of it by then is the most that is taken in after the timeout.
func TestLoopTimeoutCoversTakingIn(t *testing.T) {
	aggregate := `{"aggregation_key":"` + strings.Repeat("k", 64<<10) + `","total_count":1}`
	url := serve(t, reporting(`{"aggregated_errors":[`+strings.Repeat(aggregate+",", 200)+aggregate+`]}`))
	const each = 10 * time.Millisecond
	tgt := target(url)
	tgt.Timeout = 10 * each
	r := newRecorder()
	p := scrape.New(scrape.Options{Begin: func(s *periskop.Scrape) scrape.Intake {
		return leaving{collect(r.fold)(s), func() { time.Sleep(each) }}
	}})
	p.Apply([]scrape.Service{shop()})
	p.SetTargets(targetsOf("shop", tgt))
	run(t, p)
	r.waitFor(t, "the end", func() bool { return len(r.all()) > 0 })
	checkResult(t, r.all()[0], periskop.Timeout, "the body was not complete within 100ms")
}

func TestLoopStopsDuringScrape(t *testing.T) {
	inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
		var asked atomic.Int32
		b.net.serve(t, "shop.test:80", func(_ http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			<-r.Context().Done()
		})
		b.pool.SetTargets(targetsOf("shop", fleetOf(200)...))
		pass(29 * time.Second)
		before, now := len(b.all()), time.Now()
		b.stop()
		if took := time.Since(now); took != 0 {
			t.Errorf("the pool took %s to stop", took)
		}
		if int(asked.Load()) <= before {
			t.Fatal("no scrape was under way")
		}
		if got := len(b.all()); got != before {
			t.Errorf("%d cancelled scrapes were folded", got-before)
		}
		for service, counts := range b.pool.Counts() {
			if int(counts[periskop.Timeout]) != before || counts[periskop.Connection] != 0 {
				t.Errorf("%s: got %v, want %d timeouts", service, counts, before)
			}
		}
		b.pool.SetTargets(targetsOf("shop", fleetOf(201)...)) // starts nothing
		pass(time.Minute)
	})
}

func TestLoopLog(t *testing.T) {
	results := []int{200, 200, 500, 503, 500, 200, 200, 500, 200}
	var log lines
	inBubble(t, scrape.Options{Logger: log.logger(slog.LevelInfo)}, func(t *testing.T, b *bubble) {
		var n atomic.Int32
		b.net.serve(t, "shop.test:80", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(results[n.Add(1)-1])
			reporting(emptyReport)(w, r)
		})
		b.pool.SetTargets(targetsOf("shop", slowTarget("http://anna:hunter2@shop.test/")))
		pass(time.Duration(len(results))*30*time.Second - 1)
	})
	want := []string{
		`level=WARN msg="target is down" service=shop target=http://<secret>@shop.test/ reason=http_status err="the target answered 500 Internal Server Error"`,
		`level=INFO msg="target is back" service=shop target=http://<secret>@shop.test/ reason=success down_for=1m30s`,
		`level=WARN msg="target is down" service=shop target=http://<secret>@shop.test/ reason=http_status err="the target answered 500 Internal Server Error"`,
		`level=INFO msg="target is back" service=shop target=http://<secret>@shop.test/ reason=success down_for=30s`,
	}
	if diff := cmp.Diff(log.all(), want); diff != "" {
		t.Errorf("log (-got +want):\n%s", diff)
	}
}

// TestLoopLogsWhatIsUnread says once what of a report cannot be read, and no more of what
// the target sent than that.
func TestLoopLogsWhatIsUnread(t *testing.T) {
	const odd = `{"aggregated_errors":[{"aggregation_key":"hunter2","total_count":"hunter2"},{"aggregation_key":"k","total_count":1,"created_at":"hunter2"}]}`
	reports := []string{emptyReport, odd, odd, emptyReport, odd}
	var log lines
	inBubble(t, scrape.Options{Logger: log.logger(slog.LevelInfo)}, func(t *testing.T, b *bubble) {
		var n atomic.Int32
		b.net.serve(t, "shop.test:80", func(w http.ResponseWriter, r *http.Request) { reporting(reports[n.Add(1)-1])(w, r) })
		b.pool.SetTargets(targetsOf("shop", slowTarget("http://shop.test/")))
		pass(usualInterval/10 + time.Duration(len(reports)-1)*usualInterval)
		if last := b.pool.Health()[0].Last; last.Unread == nil || last.Err != nil || last.Result != periskop.Success {
			t.Errorf("got %v, error %v and result %s, want something unread in a success", last.Unread, last.Err, last.Result)
		}
	})
	const line = `level=WARN msg="report is read in part" service=shop target=http://shop.test/ reason=success err="aggregates that are left out: 1 ` +
		`(aggregate 1: total_count is a text that is no number); times that are not known: 1 ` +
		`(aggregate 2: created_at cannot be read: \"xxxxxx0\": it is in no form of a time that is known)"`
	if diff := cmp.Diff(log.all(), []string{line, line}); diff != "" {
		t.Errorf("log (-got +want):\n%s", diff)
	}
}

func TestLoopLogDebug(t *testing.T) {
	var log lines
	inBubble(t, scrape.Options{Logger: log.logger(slog.LevelDebug)}, func(t *testing.T, b *bubble) {
		b.net.serve(t, "shop.test:80", reporting(emptyReport))
		b.pool.SetTargets(targetsOf("shop", slowTarget("http://shop.test/")))
		pass(usualInterval / 10)
	})
	want := []string{`level=DEBUG msg=scraped service=shop target=http://shop.test/ reason=success err=<nil> duration=0s size_bytes=77`}
	if diff := cmp.Diff(log.all(), want); diff != "" {
		t.Errorf("log (-got +want):\n%s", diff)
	}
}

// 500 targets on real connections, one of which hangs.
func TestFleet(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/0000" {
			<-r.Context().Done()
			return
		}
		reporting(emptyReport)(w, r)
	})
	var targets []*periskop.Target
	for i := range 500 {
		tgt := target(fmt.Sprintf("%s/%04d", url, i))
		tgt.Interval, tgt.Timeout = 2*time.Second, time.Minute // on a busy machine an answer takes long
		targets = append(targets, tgt)
	}
	targets[0].Timeout = time.Second
	r := newRecorder()
	p := scrape.New(scrape.Options{Begin: collect(r.fold)})
	p.Apply([]scrape.Service{shop()})
	p.SetTargets(targetsOf("shop", targets...))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	r.waitFor(t, "two scrapes of every target", func() bool {
		if len(r.all()) < 1000 {
			return false
		}
		n := map[string]int{}
		for _, s := range r.all() {
			n[s.Target.URL]++
		}
		return len(n) == 500 && slices.Min(valuesOf(n)) >= 2
	})
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	for _, s := range r.all() {
		want := periskop.Success
		if s.Target == targets[0] {
			want = periskop.Timeout
		}
		if s.Result != want {
			t.Errorf("%s: got %s (%v), want %s", s.Target.URL, s.Result, s.Err, want)
		}
	}
}

func valuesOf(m map[string]int) []int {
	var values []int
	for _, v := range m {
		values = append(values, v)
	}
	return values
}
