package redact_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// ordinary is an occurrence as a web service reports it, without secrets.
func ordinary() periskop.Occurrence {
	return periskop.Occurrence{
		UUID:      "5d2a8a8c-9f0e-4c66-8a49-6f3f3b0a0a11",
		Timestamp: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Severity:  "error",
		Error: periskop.Exception{
			Class:   "shop.cart.errors.PaymentError",
			Message: "charge failed: status 502 from https://pay.example.test/v1/charge?order=42&currency=EUR: token expired",
			Stacktrace: []string{
				"Traceback (most recent call last):",
				`  File "/srv/shop/web/handlers/checkout.py", line 214, in post`,
				"    receipt = self.payments.charge(order, amount=order.total)",
				`  File "/srv/shop/payments/client.py", line 87, in charge`,
				"    response = self.session.post(url, json=payload, timeout=5)",
				`  File "/srv/shop/auth/token.py", line 3, in refresh`,
				"    raise PaymentError(f\"status {response.status_code}\")",
				"at com.example.shop.Payments$Client.charge(Payments.scala:87)",
				"at com.example.shop.auth.TokenStore.refresh(TokenStore.java:33)",
				"at java.base/java.util.concurrent.ThreadPoolExecutor$Worker.run(ThreadPoolExecutor.java:642)",
			},
			Cause: &periskop.Exception{
				Class: "requests.exceptions.ConnectionError", Message: "connection refused: 10.1.2.3:443",
				Cause: &periskop.Exception{Class: "OSError", Message: "[Errno 111] Connection refused"},
			},
		},
		HTTPContext: &periskop.HTTPContext{
			Method: "POST",
			URL:    "https://shop.example.test/cart/42/checkout?currency=EUR&page=1&q=caf%C3%A9%20au%20lait",
			Headers: []periskop.Header{
				{Name: "Host", Value: "shop.example.test"},
				{Name: "User-Agent", Value: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"},
				{Name: "Accept", Value: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
				{Name: "Accept-Language", Value: "de,en-US;q=0.7,en;q=0.3"},
				{Name: "Content-Type", Value: "application/json"},
				{Name: "Referer", Value: "https://shop.example.test/cart/42?page=1"},
				{Name: "X-Forwarded-For", Value: "10.1.1.2, 10.1.1.3"},
				{Name: "X-Request-Id", Value: "7b0d7a2e-5b1c-4b89-9d57-4a4f0f6b1c2d"},
			},
			Body: `{"order":42,"items":[{"sku":"A-1","count":2},{"sku":"B-7","count":1}],"note":"please ring twice"}`,
		},
	}
}

// withSecrets is the same with secrets in as many places as real ones have.
func withSecrets() periskop.Occurrence {
	o := ordinary()
	c := *o.HTTPContext
	c.Headers = append(c.Headers[:len(c.Headers):len(c.Headers)],
		periskop.Header{Name: "Authorization", Value: "Bearer hunter2"},
		periskop.Header{Name: "Cookie", Value: "sid=hunter2; theme=dark"})
	c.URL += "&access_token=hunter2"
	c.Body = `{"user":"bob","password":"hunter2","order":42}`
	o.HTTPContext = &c
	o.Error.Message += ", password=hunter2"
	o.Error.Stacktrace = append([]string{"ValueError: token=hunter2"}, o.Error.Stacktrace...)
	cause := *o.Error.Cause
	cause.Cause = &periskop.Exception{Class: "OSError", Message: "dial postgres://bob:hunter2@db/shop"}
	o.Error.Cause = &cause
	return o
}

func TestOccurrence(t *testing.T) {
	r := redact.New(redact.Options{})
	o := withSecrets()
	got := r.Occurrence(o)
	if diff := cmp.Diff(withSecrets(), o); diff != "" {
		t.Errorf("the original was written to (-before +after):\n%s", diff)
	}
	want := withSecrets()
	want.HTTPContext.Headers[8].Value = "<redacted>"
	want.HTTPContext.Headers[9].Value = "<redacted>"
	want.HTTPContext.URL = strings.ReplaceAll(want.HTTPContext.URL, "hunter2", "<redacted>")
	want.HTTPContext.Body = strings.ReplaceAll(want.HTTPContext.Body, "hunter2", "<redacted>")
	want.Error.Message = strings.ReplaceAll(want.Error.Message, "hunter2", "<redacted>")
	want.Error.Stacktrace[0] = "ValueError: token=<redacted>"
	want.Error.Cause.Cause.Message = "dial postgres://bob:<redacted>@db/shop"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected occurrence (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(got, r.Occurrence(got)); diff != "" {
		t.Errorf("redacting is not idempotent (-once +twice):\n%s", diff)
	}
}

func TestOccurrenceWithoutSecrets(t *testing.T) {
	r := redact.New(redact.Options{})
	o := ordinary()
	if diff := cmp.Diff(o, r.Occurrence(o)); diff != "" {
		t.Errorf("unexpected change (-before +after):\n%s", diff)
	}
	// The URL has to be decoded, and "token expired" to be looked at.
	if n := testing.AllocsPerRun(10, func() { r.Occurrence(o) }); n > 3 {
		t.Errorf("got %v allocations, want 3", n)
	}
	if diff := cmp.Diff(periskop.Occurrence{}, r.Occurrence(periskop.Occurrence{})); diff != "" {
		t.Errorf("the empty occurrence changed (-before +after):\n%s", diff)
	}
}

// TestCauses plants secrets at some of many levels and checks that those in between
// are kept, and that the original chain is not written to.
func TestCauses(t *testing.T) {
	const levels = 100_000
	chain := func(secret string) *periskop.Exception {
		var e *periskop.Exception
		for i := range levels {
			message := "ordinary"
			if i%1000 == 1 {
				message = "token=" + secret
			}
			e = &periskop.Exception{Message: message, Cause: e}
		}
		return e
	}
	original := chain("hunter2")
	got := redact.New(redact.Options{}).Occurrence(periskop.Occurrence{Error: *original}).Error
	want, before := chain(redact.Placeholder), chain("hunter2")
	for e, w, b := &got, want, before; e != nil || w != nil; e, w, b, original = e.Cause, w.Cause, b.Cause, original.Cause {
		if e == nil || w == nil || e.Message != w.Message {
			t.Fatalf("got %+v, want %+v", e, w)
		}
		if original.Message != b.Message {
			t.Fatalf("the original was written to: %q", original.Message)
		}
	}
}

// TestPayloads checks that none of the credentials in what the client libraries
// served is left over, and that the rest is.
func TestPayloads(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no payloads: %v", err)
	}
	r := redact.New(redact.Options{})
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			report, err := periskop.Decode(body)
			if err != nil {
				t.Fatal(err)
			}
			var before, after []periskop.Occurrence
			for _, a := range report.Aggregates {
				for _, o := range a.Latest.Decode(nil) {
					before, after = append(before, o), append(after, r.Occurrence(o))
				}
			}
			compareOccurrences(t, before, after)
		})
	}
}

func compareOccurrences(t *testing.T, before, after []periskop.Occurrence) {
	t.Helper()
	text, err := json.Marshal(after)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "fixture", "sid=abc", "a=b", "xxxxxxxx"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%q is left over", secret)
		}
	}
	// What is no secret, as all of it is known.
	public := cmp.FilterPath(func(p cmp.Path) bool {
		return p.Last().String() == ".Value" || p.Last().String() == ".Body"
	}, cmp.Comparer(func(a, b string) bool { return a == b || strings.Contains(a+b, redact.Placeholder) }))
	if diff := cmp.Diff(before, after, public); diff != "" {
		t.Errorf("unexpected change (-before +after):\n%s", diff)
	}
}

func BenchmarkOccurrence(b *testing.B) {
	r := redact.New(redact.Options{})
	for name, o := range map[string]periskop.Occurrence{"plain": ordinary(), "secrets": withSecrets()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Occurrence(o)
			}
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	r := redact.New(redact.Options{Headers: []string{"X-Shop"}, Members: []string{"email"}})
	o, want := withSecrets(), r.Occurrence(withSecrets())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if diff := cmp.Diff(want, r.Occurrence(o)); diff != "" {
				t.Errorf("unexpected occurrence (-want +got):\n%s", diff)
			}
		})
	}
	wg.Wait()
}
