package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

func decide(t *testing.T, h http.Handler, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/decisions", strings.NewReader(body))
	r.Header.Set("X-User", "ada")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestDecisions(t *testing.T) {
	id, bare := merge.ExceptionID("shop", key), merge.ExceptionID("shop", "bare")
	h := shop(t)
	many := strings.Repeat(`"0123456789abcdef",`, 10_000) + `"0123456789abcdef"`
	for _, step := range []struct {
		name, body string
		status     int
		want       string
		open       int // how many are open after it
	}{
		{"no body", "", 400, "the body is no action", 3},
		{"another member", `{"kind":"resolved","exception_ids":["` + id + `"],"all":true}`, 400, `unknown field`, 3},
		{"nothing is meant", `{"kind":"resolved"}`, 400, "either exception_ids or a filter", 3},
		{"both", `{"kind":"resolved","exception_ids":["` + id + `"],"filter":{}}`, 400, "either exception_ids or a filter", 3},
		{"no kind", `{"exception_ids":["` + id + `"]}`, 400, "there is no action", 3},
		{"what happens by itself", `{"kind":"regressed","exception_ids":["` + id + `"]}`, 400, "there is no action", 3},
		{"none of them is here", `{"kind":"resolved","exception_ids":["0123456789abcdef"]}`, 404, "none of the exceptions is here", 3},
		{"too many", `{"kind":"resolved","exception_ids":[` + many + `]}`, 400, "10001 exceptions are more than the 10000", 3},
		{"too much", `{"kind":"resolved","reason":"` + strings.Repeat("x", 300<<10) + `","filter":{}}`, 400, "too large", 3},
		{"one", `{"kind":"resolved","reason":" fixed ","exception_ids":["` + strings.ToUpper(bare) + `","0123456789abcdef"]}`, 200, `{"decided":1,"unknown":["0123456789abcdef"]}`, 2},
		{"a filter of no service", `{"kind":"resolved","filter":{"service_name":"nope"}}`, 404, "there is no service", 2},
		{"a filter of no state", `{"kind":"resolved","filter":{"state":"odd"}}`, 400, "is none of", 2},
		{"a mute that is over", `{"kind":"muted","until":"2020-01-01T00:00:00Z","filter":{"state":"open"}}`, 400, "is over", 2},
		{"a mute of all that are open", `{"kind":"muted","until_grown_by":5,"reason":"known","filter":{"state":"open"}}`, 200, `{"decided":2,"unknown":[]}`, 0},
		{"and back", `{"kind":"unmuted","filter":{"state":"muted","service_name":"shop"}}`, 200, `{"decided":2`, 2},
	} {
		w := decide(t, h, step.body)
		if w.Code != step.status || !strings.Contains(w.Body.String(), step.want) {
			t.Errorf("%s: status %d, want %d and %s: %s", step.name, w.Code, step.status, step.want, w.Body)
		}
		if n := strings.Count(do(t, h, "GET", "/api/v1/exceptions?state=open").Body.String(), `"exception_id"`); n != step.open {
			t.Errorf("%s: %d are open, want %d", step.name, n, step.open)
		}
	}
	trace := do(t, h, "GET", "/api/v1/trace?exception_id="+bare).Body.String()
	if want := `"resolved_by":"ada","resolved_reason":"fixed","muted":null`; !strings.Contains(trace, want) {
		t.Errorf("%s is missing in %s", want, trace)
	}
	trace = do(t, h, "GET", "/api/v1/trace?exception_id="+id).Body.String()
	want := `"decisions":[{"kind":"muted","at":"2026-11-22T13:00:00Z","by":"ada","reason":"known","until":null,"until_grown_by":5,"until_new_version":false},{"kind":"unmuted",`
	if !strings.Contains(trace, want) {
		t.Errorf("%s is missing in %s", want, trace)
	}
	if w := do(t, h, "GET", "/api/v1/decisions"); w.Code != http.StatusNotFound {
		t.Errorf("GET: status %d", w.Code)
	}
}
