package view_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/view"
)

// bigSnapshot has that many services with so many keys each, each key with five
// occurrences of 20 frames. As in what merge decodes, no two strings share memory.
func bigSnapshot(services, keys int) *merge.Snapshot {
	s := &merge.Snapshot{}
	for i := range services {
		svc := &merge.Service{Name: fmt.Sprintf("service-%02d", i), WatchedSince: watched}
		for k := range keys {
			svc.Exceptions = append(svc.Exceptions, bigException(svc.Name, k))
		}
		s.Services = append(s.Services, svc)
	}
	return s
}

func bigException(service string, k int) *merge.Exception {
	class := fmt.Sprintf("com.example.shop.checkout.PaymentException%d", k%97)
	key := fmt.Sprintf("%s@%08x", class, uint32(k)*2654435761)
	e := &merge.Exception{
		ID: merge.ExceptionID(service, key), Service: service, Key: key, Label: key, Class: class,
		Counts:    []merge.Count{{Severity: []string{"error", "warning", "info"}[k%3], Counted: uint64(1 + k*13%977)}},
		FirstSeen: now.Add(-time.Duration(k) * time.Minute), LastSeen: now.Add(-time.Duration(k*7) * time.Second),
	}
	var list []periskop.Occurrence
	for i := range 5 {
		o := periskop.Occurrence{Instance: service + ":8080"}
		o.UUID = fmt.Sprintf("%08x-0000-4000-8000-%012x", k, i)
		o.Timestamp = e.LastSeen.Add(-time.Duration(i) * time.Second)
		o.Error = periskop.Exception{Class: strings.Clone(class), Message: fmt.Sprintf("charge %d of customer %d was declined by the issuer: do not honour (code 05)", i, k)}
		for f := range 20 {
			o.Error.Stacktrace = append(o.Error.Stacktrace, fmt.Sprintf("com.example.shop.checkout.PaymentProcessor$$anonfun$%d.apply(PaymentProcessor.scala:%d)", f, 40+f))
		}
		list = append(list, o)
	}
	e.Kept = merge.NewKept(list...)
	return e
}

// bigPages are the pages whose cost grows with the number of keys.
var bigPages = []struct{ name, address string }{
	{"overview", "/"},
	{"all", "/exceptions"},
	{"all by key", "/exceptions?sort=key&page=2000"},
	{"all by growth", "/exceptions?sort=growth&state=growing"},
	{"service", "/exceptions?service_name=service-01"},
	{"search in service", "/exceptions?service_name=service-01&q=nothing+is+like+this"},
	{"search in all", "/exceptions?q=nothing-is-like-this"},
	{"in a period", "/exceptions?within=1h"},
	{"page of a service", "/service?service_name=service-01"},
	{"trace", "/trace/" + merge.ExceptionID("service-01", bigException("service-01", 34).Key)},
}

// bigHandler shows a big snapshot in which every key has grown in so many steps.
func bigHandler(t testing.TB, services, keys, steps int) http.Handler {
	t.Helper()
	s := bigSnapshot(services, keys)
	recent := grownInAll(s, steps)
	h, err := view.New(view.Options{
		Snapshot: func() *merge.Snapshot { return s }, Growth: recent.Growth, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func grownInAll(s *merge.Snapshot, steps int) *merge.Recent {
	recent := &merge.Recent{}
	for step := range steps + 1 {
		grown := &merge.Snapshot{}
		for _, svc := range s.Services {
			out := &merge.Service{Name: svc.Name}
			for k, e := range svc.Exceptions {
				copied := *e
				copied.Counts = []merge.Count{{Counted: uint64(step*(1000+k) + step*step)}}
				out.Exceptions = append(out.Exceptions, &copied)
			}
			grown.Services = append(grown.Services, out)
		}
		recent.Observe(grown, now.Add(time.Duration(step-steps)*merge.GrowthStep))
	}
	return recent
}

// BenchmarkPages measures 50 services of 2,000 keys.
func BenchmarkPages(b *testing.B) {
	h := bigHandler(b, 50, 2000, 2)
	for _, p := range bigPages {
		b.Run(p.name, func(b *testing.B) {
			b.ReportAllocs()
			var size int
			for b.Loop() {
				size = get(b, h, p.address).Body.Len()
			}
			b.ReportMetric(float64(size), "page-bytes")
		})
	}
}

// TestSize checks that pages do not grow with the number of keys.
func TestSize(t *testing.T) {
	const limit = 100_000
	h := bigHandler(t, 50, 100, merge.GrowthSteps)
	for _, p := range bigPages {
		if got := get(t, h, p.address).Body.Len(); got > limit {
			t.Errorf("%s: %d bytes, more than %d", p.name, got, limit)
		}
	}
}

// TestStatusSize checks the page with the labels that Kubernetes gives to pods.
func TestStatusSize(t *testing.T) {
	const limit = 100_000
	w := newWorld(merge.ServiceSettings{Name: "s"})
	for i := range 500 {
		target := newTarget("s", fmt.Sprintf("10.0.%d.%d:8080", i/256, i%256), nil)
		for l := range 50 {
			target.Discovered = append(target.Discovered, periskop.Label{
				Name: fmt.Sprintf("__meta_kubernetes_pod_annotation_company_name_%02d", l), Value: fmt.Sprintf("value-%d-of-this", l),
			})
		}
		w.add(target, periskop.TargetHealth{Target: target})
	}
	if got := get(t, w.handler(t), "/status").Body.Len(); got > limit {
		t.Errorf("%d bytes, more than %d", got, limit)
	}
}
