package view_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/view"
)

const pictureKey = "com.example.payments.CardDeclinedException@5a1c09e2"

// pictureWorld is what the documentation shows: the fleet of real payloads, with a
// growing exception that has one of everything, one that came back, and one that is
// resolved.
func pictureWorld(t testing.TB) *world {
	t.Helper()
	w := realWorld(t)
	w.change = func(o *view.Options) {
		o.PrometheusURL = &url.URL{Scheme: "https", Host: "prometheus.example.com"}
		o.GrafanaURL = &url.URL{Scheme: "https", Host: "grafana.example.com"}
		o.Transport = picturePrometheus{}
		o.ServiceDashboard = "periskop-service"
		o.ServiceConfig = func(service string) string {
			return "name: " + service + "\ndns_sd_configs:\n  - names: [telemetry.api.prod." + service + "]\nscraper:\n  basic_auth:\n    username: periskop\n    password: <secret>\n"
		}
	}
	var occurrences []periskop.Occurrence
	for i := range 6 {
		occurrences = append(occurrences, pictureOccurrence(i))
	}
	report := &periskop.Report{TargetUUID: "s2", Aggregates: []periskop.Aggregate{{
		Key: pictureKey, TotalCount: 1284, Severity: "error", CreatedAt: now.Add(-52 * time.Minute), Latest: periskop.EncodeOccurrences(occurrences),
	}}}
	w.serve("payments", "10.2.1.8:9000", nil, report)
	checkout := w.state.Snapshot().Service("checkout").Exceptions
	w.state.Resolve(checkout[0].ID, "fixed in 2.14.1")
	regress(w, "search")
	w.grow("payments", "search")
	return w
}

// picturePrometheus knows of two weeks in which something has come, gone, and come again.
type picturePrometheus struct{}

func (picturePrometheus) RoundTrip(r *http.Request) (*http.Response, error) {
	start, err := strconv.Atoi(r.URL.Query().Get("start"))
	if err != nil {
		return nil, err
	}
	var values []string
	for i := range 56 {
		n := (i*37)%11 + max(0, i-40)*30
		if i > 12 && i < 30 {
			n = (i * 7) % 3
		}
		values = append(values, fmt.Sprintf(`[%d,"%d"]`, start+i*6*60*60, n))
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: r,
		Body: io.NopCloser(strings.NewReader(`{"status":"success","data":{"result":[{"values":[` + strings.Join(values, ",") + `]}]}}`)),
	}, nil
}

// regress lets the first exception of the service come back.
func regress(w *world, service string) {
	e := w.state.Snapshot().Service(service).Exceptions[0]
	w.state.Resolve(e.ID, "fixed")
	fold := func(count uint64) {
		w.state.Fold(&periskop.Scrape{
			Target: newTarget(service, "search-3.search:8000", nil), Start: now.Add(-40 * time.Second), Date: now.Add(-40 * time.Second), Result: periskop.Success,
			Report: &periskop.Report{TargetUUID: "p3", Aggregates: []periskop.Aggregate{{Key: e.Key, TotalCount: count, Severity: "error", CreatedAt: now.Add(-10 * time.Minute)}}},
		})
	}
	fold(1)
	fold(3)
}

func pictureOccurrence(i int) periskop.Occurrence {
	return periskop.Occurrence{
		UUID: fmt.Sprintf("8d3f6c1e-52b7-4c0a-9e11-6f0a2b9d4e%02d", i), Severity: "error", Instance: "10.2.1.8:9000",
		Timestamp: now.Add(-time.Duration(i*i)*47*time.Second - 9*time.Second),
		Error: periskop.Exception{
			Class: "com.example.payments.CardDeclinedException", Message: "charge of 42.50 EUR was declined by the issuer: do not honour (code 05)",
			Stacktrace: []string{
				"com.example.payments.ChargeService.submit(ChargeService.scala:118)",
				"com.example.payments.ChargeService.$anonfun$charge$1(ChargeService.scala:74)",
				"scala.concurrent.Future.$anonfun$flatMap$1(Future.scala:307)",
				"scala.concurrent.impl.Promise$Transformation.run(Promise.scala:467)",
				"com.example.payments.http.CheckoutRoutes.post(CheckoutRoutes.scala:41)",
				"akka.http.scaladsl.server.directives.BasicDirectives.$anonfun$mapRouteResult$2(BasicDirectives.scala:68)",
				"akka.dispatch.TaskInvocation.run(AbstractDispatcher.scala:48)",
				"java.base/java.util.concurrent.ForkJoinWorkerThread.run(ForkJoinWorkerThread.java:183)",
			},
			Cause: &periskop.Exception{
				Class: "com.example.issuer.IssuerResponseException", Message: "status 402 from issuer gateway eu-1",
				Stacktrace: []string{
					"com.example.issuer.GatewayClient.authorize(GatewayClient.scala:203)",
					"com.example.payments.ChargeService.submit(ChargeService.scala:109)",
				},
			},
		},
		HTTPContext: &periskop.HTTPContext{
			Method: "POST", URL: "https://shop.example.com/checkout/charge?cart=9f31",
			Headers: []periskop.Header{
				{Name: "Accept", Value: "application/json"}, {Name: "Authorization", Value: "<redacted>"}, {Name: "Content-Type", Value: "application/json"},
			},
			Body: `{"amount": 4250, "currency": "EUR", "card": "<redacted>"}`,
		},
	}
}

// TestPictures checks that the pictures have in them what they are there for.
func TestPictures(t *testing.T) {
	w := pictureWorld(t)
	h := w.handler(t)
	for address, want := range map[string][]string{
		"/":           {"badge regressed", "badge new", "badge growing", "Growing now"},
		"/exceptions": {"badge regressed", "badge growing"},
		"/trace/" + merge.ExceptionID("payments", pictureKey): {`class="own"`, `class="lib"`, "https://prometheus.example.com/graph?", "curl --globoff"},
	} {
		checkContains(t, address, get(t, h, address).Body.String(), want...)
	}
}
