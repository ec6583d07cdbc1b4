package scrape_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/scrape"
)

const usualInterval = 30 * time.Second

func TestSetTargets(t *testing.T) {
	tests := []struct {
		name string
		// change returns what follows on the target first.
		change func(first *periskop.Target) []periskop.ServiceTargets
		pace   []time.Duration // of the scrapes of first's URL, in three minutes
	}{{
		name: "the same again",
		change: func(first *periskop.Target) []periskop.ServiceTargets {
			return targetsOf("shop", first)
		},
		pace: []time.Duration{usualInterval, usualInterval, usualInterval, usualInterval, usualInterval},
	}, {
		name: "with a neighbour",
		change: func(first *periskop.Target) []periskop.ServiceTargets {
			return targetsOf("shop", first, slowTarget("http://shop.test/second"))
		},
		pace: []time.Duration{usualInterval, usualInterval, usualInterval, usualInterval, usualInterval},
	}, {
		name: "with other labels",
		change: func(first *periskop.Target) []periskop.ServiceTargets {
			changed := *first
			changed.Labels = periskop.NewLabels(map[string]string{"version": "2"})
			return targetsOf("shop", &changed)
		},
		pace: []time.Duration{usualInterval, usualInterval, usualInterval, usualInterval, usualInterval},
	}, {
		name: "twice",
		change: func(first *periskop.Target) []periskop.ServiceTargets {
			twin := *first
			return targetsOf("shop", first, &twin)
		},
		pace: []time.Duration{usualInterval, usualInterval, usualInterval, usualInterval, usualInterval},
	}, {
		name: "gone",
		change: func(*periskop.Target) []periskop.ServiceTargets {
			return targetsOf("shop")
		},
	}, {
		name: "in a service that is not configured",
		change: func(first *periskop.Target) []periskop.ServiceTargets {
			return targetsOf("cart", first)
		},
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
				b.net.serve(t, "shop.test:80", reporting(emptyReport))
				first := slowTarget("http://shop.test/first")
				b.begin(targetsOf("shop", first))
				pass(usualInterval)
				if got := len(b.all()); got != 1 {
					t.Fatalf("got %d scrapes in the first interval, want 1", got)
				}
				next := tt.change(first)
				b.pool.SetTargets(next)
				pass(5 * usualInterval)
				checkPace(t, b.of(first.URL), tt.pace...)
				var want []*periskop.Target
				if next[0].Service == "shop" {
					want = next[0].Targets
				}
				if tt.name == "twice" {
					want = want[:1]
				}
				var got []*periskop.Target
				for _, h := range b.pool.Health() {
					got = append(got, h.Target)
				}
				if diff := cmp.Diff(got, want); diff != "" {
					t.Errorf("targets (-got +want):\n%s", diff)
				}
				if all := b.of(first.URL); len(want) > 0 && all[len(all)-1].Target != want[0] {
					t.Error("the last scrape was not of the target as it is now")
				}
			})
		})
	}
}

func TestSetTargetsInterval(t *testing.T) {
	inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
		timeouts := make(chan string, 100)
		b.net.serve(t, "shop.test:80", func(w http.ResponseWriter, r *http.Request) {
			timeouts <- r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds")
			reporting(emptyReport)(w, r)
		})
		slow := slowTarget("http://shop.test/")
		b.pool.SetTargets(targetsOf("shop", slow))
		pass(2 * usualInterval)
		before := len(b.all())
		quick := *slow
		quick.Interval, quick.Timeout = 10*time.Second, 5*time.Second
		b.pool.SetTargets(targetsOf("shop", &quick))
		pass(0)
		if got := len(b.all()); got != before {
			t.Errorf("the change caused %d scrapes at once", got-before)
		}
		pass(time.Minute)
		after := b.all()[before:]
		if len(after) != 6 {
			t.Fatalf("got %d scrapes in a minute, want 6", len(after))
		}
		checkPace(t, after, 10*time.Second, 10*time.Second, 10*time.Second, 10*time.Second, 10*time.Second)
		for i := range len(b.all()) {
			want := "10"
			if i >= before {
				want = "5"
			}
			if got := <-timeouts; got != want {
				t.Errorf("scrape %d: got a timeout of %s announced, want %s", i, got, want)
			}
		}
	})
}

func TestSetTargetsDuringScrape(t *testing.T) {
	inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
		asked := make(chan struct{}, 10)
		b.net.serve(t, "shop.test:80", func(_ http.ResponseWriter, r *http.Request) {
			asked <- struct{}{}
			<-r.Context().Done()
		})
		b.pool.SetTargets(targetsOf("shop", slowTarget("http://shop.test/")))
		<-asked
		b.pool.SetTargets(nil)
		pass(time.Minute)
		if got := b.all(); len(got) != 0 {
			t.Errorf("a scrape of a target that is gone was folded: %s", got[0].Err)
		}
		if got := b.pool.Health(); len(got) != 0 {
			t.Errorf("got the health of %d targets, want none", len(got))
		}
	})
}

func TestApplySettings(t *testing.T) {
	inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
		var answers atomic.Int32
		tenants := make(chan string, 100)
		b.net.serve(t, "shop.test:80", func(w http.ResponseWriter, r *http.Request) {
			tenants <- r.Header.Get("X-Tenant")
			answers.Add(1)
			reporting(emptyReport)(w, r)
		})
		b.begin(targetsOf("shop", slowTarget("http://shop.test/")))
		<-tenants
		answers.Store(0)
		before := b.net.dialed.Load()
		service := func(tenant string, limit int64) []scrape.Service {
			s := shopWith(t, `{http_headers: {X-Tenant: {secrets: [`+tenant+`]}}}`)
			s.BodySizeLimit = limit
			return []scrape.Service{s}
		}
		steps := []struct {
			name        string
			services    []scrape.Service
			tenant      string
			result      periskop.Result
			connections int32
		}{
			{"first", service("a", 0), "a", periskop.Success, 1},
			{"nothing changes", service("a", 0), "a", periskop.Success, 1},
			{"the limit changes", service("a", 10), "a", periskop.TooLarge, 1},
			{"the limit changes back", service("a", 0), "a", periskop.Success, 2}, // what is too large costs a connection
			{"a secret changes", service("b", 0), "b", periskop.Success, 3},
			{"another service comes", append(service("b", 0), scrape.Service{Name: "cart"}), "b", periskop.Success, 3},
		}
		for i, step := range steps {
			b.pool.Apply(step.services)
			pass(0)
			if got := int(answers.Load()); got != i {
				t.Fatalf("%s: the reload caused %d scrapes at once", step.name, got-i)
			}
			pass(usualInterval)
			if got := b.all(); len(got) != i+1 || got[i].Result != step.result {
				t.Fatalf("%s: got %d scrapes, the last with %s, want %d and %s", step.name, len(got), got[len(got)-1].Result, i+1, step.result)
			}
			if got := <-tenants; got != step.tenant {
				t.Errorf("%s: got the tenant %s, want %s", step.name, got, step.tenant)
			}
			if got := b.net.dialed.Load() - before; got != step.connections {
				t.Errorf("%s: got %d connections, want %d", step.name, got, step.connections)
			}
		}
		if got := b.net.open.Load(); got != 1 {
			t.Errorf("%d connections are open, want only that of the latest client", got)
		}
		checkPace(t, b.all(), usualInterval, usualInterval, usualInterval, usualInterval, usualInterval)
	})
}

func TestApplyBeforeAndAfterTargets(t *testing.T) {
	inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
		b.net.serve(t, "shop.test:80", reporting(emptyReport))
		cart := slowTarget("http://shop.test/cart")
		cart.Service = "cart"
		both := append(targetsOf("cart", cart), targetsOf("shop", slowTarget("http://shop.test/shop"))...)
		b.begin(both)
		pass(usualInterval)
		if got := len(b.of(cart.URL)); got != 0 {
			t.Errorf("got %d scrapes of a service that is not configured", got)
		}
		b.pool.Apply([]scrape.Service{{Name: "cart"}})
		pass(2 * time.Millisecond)
		if got := len(b.of(cart.URL)); got != 1 {
			t.Errorf("got %d scrapes of a service that was configured later, want 1", got)
		}
		b.forget()
		pass(usualInterval)
		if got := len(b.all()); got != 2 {
			t.Errorf("got %d scrapes while it is not known who has the targets of a service that is gone, want one per service", got)
		}
		b.pool.SetTargets(both[:1])
		b.forget()
		pass(usualInterval)
		if got := b.all(); len(got) != 1 || got[0].Target != cart {
			t.Errorf("got %d scrapes, want one of the service that is left", len(got))
		}
	})
}

// A target is scraped as the block has it that found it, whichever service it belongs to,
// and goes on at its pace when another block has found it.
func TestTargetsOfOtherBlocks(t *testing.T) {
	inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
		tenants := make(chan string, 100)
		b.net.serve(t, "shop.test:80", func(w http.ResponseWriter, r *http.Request) {
			tenants <- r.Header.Get("X-Tenant")
			reporting(emptyReport)(w, r)
		})
		block := func(name string) scrape.Service {
			s := shopWith(t, `{http_headers: {X-Tenant: {values: [`+name+`]}}}`)
			s.Name = name
			return s
		}
		found := func(by string) []periskop.ServiceTargets {
			tgt := slowTarget("http://shop.test/")
			tgt.Service, tgt.Block = "pay", by
			return targetsOf("pay", tgt)
		}
		b.pool.Apply([]scrape.Service{block("east"), block("west")})
		b.begin(found("east"))
		<-tenants
		for _, by := range []string{"east", "west", "west", "east"} {
			b.pool.SetTargets(found(by))
			pass(usualInterval)
			if got := <-tenants; got != by {
				t.Errorf("found by %s: scraped as the block %s has it", by, got)
			}
		}
		checkPace(t, b.all(), usualInterval, usualInterval, usualInterval)
	})
}

func TestCounts(t *testing.T) {
	zero := map[periskop.Result]uint64{}
	for _, r := range periskop.Results() {
		zero[r] = 0
	}
	with := func(counts map[periskop.Result]uint64) map[periskop.Result]uint64 {
		all := map[periskop.Result]uint64{}
		for r := range zero {
			all[r] = counts[r]
		}
		return all
	}
	inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
		var broken atomic.Bool
		b.net.serve(t, "shop.test:80", func(w http.ResponseWriter, r *http.Request) {
			if broken.Load() {
				w.WriteHeader(http.StatusNotFound)
			}
			reporting(emptyReport)(w, r)
		})
		check := func(what string, want map[string]map[periskop.Result]uint64) {
			t.Helper()
			if diff := cmp.Diff(b.pool.Counts(), want); diff != "" {
				t.Errorf("%s (-got +want):\n%s", what, diff)
			}
		}
		check("at first", map[string]map[periskop.Result]uint64{})
		b.pool.SetTargets(targetsOf("shop"))
		check("without targets", map[string]map[periskop.Result]uint64{"shop": zero})
		there := append(targetsOf("shop", slowTarget("http://shop.test/")), targetsOf("cart")...)
		b.begin(there)
		pass(usualInterval)
		broken.Store(true)
		pass(usualInterval)
		so := with(map[periskop.Result]uint64{periskop.Success: 2, periskop.HTTPStatus: 1})
		check("after three scrapes", map[string]map[periskop.Result]uint64{"cart": zero, "shop": so})
		b.pool.SetTargets(append(targetsOf("shop"), targetsOf("cart")...))
		check("without the target", map[string]map[periskop.Result]uint64{"cart": zero, "shop": so})
		b.begin(there)
		so[periskop.HTTPStatus]++
		check("with the target again", map[string]map[periskop.Result]uint64{"cart": zero, "shop": so})
		b.pool.SetTargets(targetsOf("cart"))
		check("without the service", map[string]map[periskop.Result]uint64{"cart": zero})
		b.pool.SetTargets(there)
		check("with the service again", map[string]map[periskop.Result]uint64{"cart": zero, "shop": zero})
	})
}

func TestHealth(t *testing.T) {
	inBubble(t, scrape.Options{}, func(t *testing.T, b *bubble) {
		var broken atomic.Bool
		b.net.serve(t, "shop.test:80", func(w http.ResponseWriter, r *http.Request) {
			if broken.Load() {
				w.WriteHeader(http.StatusNotFound)
			}
			reporting(emptyReport)(w, r)
		})
		tgt := slowTarget("http://shop.test/b")
		b.pool.SetTargets(targetsOf("shop", tgt))
		h := b.pool.Health()[0]
		if wait := time.Until(h.Next); h.Target != tgt || h.Last != nil || !h.DownSince.IsZero() || wait < 0 || wait > 2*time.Millisecond || !h.Since.Equal(time.Now()) {
			t.Errorf("before the first scrape: got %+v", h)
		}
		pass(usualInterval / 10)
		b.forget()
		pass(usualInterval)
		first := b.all()[0]
		want := periskop.TargetHealth{Target: tgt, Since: h.Since, Last: &periskop.Scrape{
			Target: tgt, Start: first.Start, Result: periskop.Success, Size: len(emptyReport), Date: first.Date,
		}, Next: first.Start.Add(usualInterval)}
		if diff := cmp.Diff(b.pool.Health()[0], want); diff != "" {
			t.Errorf("after a success (-got +want):\n%s", diff)
		}
		broken.Store(true)
		pass(3 * usualInterval)
		h = b.pool.Health()[0]
		if h.DownSince != first.Start.Add(usualInterval) || h.Last.Start != first.Start.Add(3*usualInterval) || h.Last.Result != periskop.HTTPStatus {
			t.Errorf("after three failures: got down since %s, last %+v", h.DownSince, h.Last)
		}
		broken.Store(false)
		pass(usualInterval)
		if h = b.pool.Health()[0]; !h.DownSince.IsZero() || h.Last.Err != nil {
			t.Errorf("back again: got down since %s, %v", h.DownSince, h.Last.Err)
		}
	})
}

func TestHealthIsSorted(t *testing.T) {
	p := scrape.New(scrape.Options{})
	p.Apply([]scrape.Service{{Name: "b"}, {Name: "a"}})
	in := func(service, url, instance string) *periskop.Target {
		return &periskop.Target{Service: service, URL: url, Instance: instance, Interval: time.Second}
	}
	want := []*periskop.Target{in("a", "http://1", "x"), in("a", "http://1", "y"), in("a", "http://2", "x"), in("b", "http://0", "x")}
	p.SetTargets([]periskop.ServiceTargets{
		{Service: "b", Targets: []*periskop.Target{want[3]}},
		{Service: "a", Targets: []*periskop.Target{want[1], want[0], want[2]}},
	})
	var got []*periskop.Target
	for _, h := range p.Health() {
		got = append(got, h.Target)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("targets (-got +want):\n%s", diff)
	}
}
