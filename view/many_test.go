package view_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/view"
)

// listed returns the IDs that a list can tick.
func listed(page string) []string {
	var ids []string
	for _, part := range strings.Split(page, `<input type="checkbox" name="id" value="`)[1:] {
		ids = append(ids, part[:16])
	}
	return ids
}

func TestMany(t *testing.T) {
	w := realWorld(t)
	h := w.handler(t)
	open := func(service string) (n int) {
		for _, svc := range w.state.Snapshot().Services {
			for _, e := range svc.Exceptions {
				if e.Open() && (service == "" || svc.Name == service) {
					n++
				}
			}
		}
		return n
	}
	all, payments := open(""), open("payments")
	ids := listed(get(t, h, "/exceptions").Body.String())
	if len(ids) != 40 {
		t.Fatalf("%d can be ticked", len(ids))
	}
	post := func(form url.Values) (status int, to string) {
		rec := act(t, h, "/exceptions", "ada", form)
		return rec.Code, rec.Header().Get("Location")
	}
	for _, step := range []struct {
		name   string
		form   url.Values
		status int
		to     string
		open   int
	}{
		{"none is ticked", url.Values{"action": {"resolve"}}, 400, "", all},
		{"no action", url.Values{"id": ids[:1]}, 400, "", all},
		{"no such action", url.Values{"id": ids[:1], "action": {"delete"}}, 400, "", all},
		{"three are ticked", url.Values{"id": ids[:3], "action": {"resolve"}, "reason": {"all <b>fixed</b>"}, "filter": {"sort=count"}, "page": {"1"}}, 303, "./exceptions?done=resolved-3&sort=count", all - 3},
		{"some of them are no more", url.Values{"id": {ids[3], "0123456789abcdef"}, "action": {"mute"}, "until": {"1d"}}, 303, "./exceptions?done=muted-1", all - 4},
		{"a mute without an end", url.Values{"id": ids[4:5], "action": {"mute"}}, 400, "", all - 4},
	} {
		status, to := post(step.form)
		if status != step.status || to != step.to {
			t.Errorf("%s: got %d, %q, want %d, %q", step.name, status, to, step.status, step.to)
		}
		if n := open(""); n != step.open {
			t.Errorf("%s: %d are open, want %d", step.name, n, step.open)
		}
	}
	before, left := open(""), open("payments")
	if status, to := post(url.Values{"scope": {"all"}, "id": ids[:1], "action": {"mute"}, "until": {"ever"}, "filter": {"service_name=payments"}}); status != http.StatusSeeOther || !strings.Contains(to, "done=muted-") {
		t.Errorf("all of a filter: got %d, %q", status, to)
	}
	if open("payments") != 0 || open("") != before-left {
		t.Errorf("%d of %d are open, %d of payments", open(""), before, open("payments"))
	}
	if page := get(t, h, "/exceptions?service_name=payments&state=muted").Body.String(); !strings.Contains(page, `<option value="unmute">Unmute</option>`) {
		t.Error("what is muted cannot be unmuted")
	}
	if _, to := post(url.Values{"scope": {"all"}, "action": {"unmute"}, "filter": {"service_name=payments&state=muted"}}); !strings.Contains(to, "done=unmuted-") || open("payments") < payments-4 {
		t.Errorf("back: got %q, and %d of %d", to, open("payments"), payments)
	}
	if rec := send(t, h, "/exceptions", "http://evil.test", "x"); rec.Code != http.StatusForbidden {
		t.Errorf("from another site: status %d", rec.Code)
	}
}

// TestDone says what was done, and nothing else that somebody puts into the address.
func TestDone(t *testing.T) {
	h := realWorld(t).handler(t)
	for query, want := range map[string]string{
		"resolved-3": "3 exceptions are resolved.", "muted-1": "1 exception is muted.",
		"resolved-<b>": "", "<b>-3": "", "returned-3": "", "resolved--3": "", "resolved-99999999999": "",
	} {
		page := get(t, h, "/exceptions?done="+url.QueryEscape(query)).Body.String()
		if got := strings.Contains(page, `role="status">`+want+"</p>"); want != "" && !got || want == "" && strings.Contains(page, `class="notice good" role="status"`) {
			t.Errorf("%s: %q is not what it says", query, want)
		}
	}
}

func TestManyReadOnly(t *testing.T) {
	w := realWorld(t)
	w.change = func(o *view.Options) { o.Decide = nil }
	h := w.handler(t)
	if page := get(t, h, "/exceptions").Body.String(); strings.Contains(page, `name="id"`) || strings.Contains(page, `id="many"`) {
		t.Error("there is something to tick")
	}
	if rec := act(t, h, "/exceptions", "", url.Values{"action": {"resolve"}, "scope": {"all"}}); rec.Code != http.StatusForbidden {
		t.Errorf("status %d", rec.Code)
	}
	if e := w.state.Snapshot().Services[0].Exceptions[0]; e.Resolved != nil || e.Muted != nil {
		t.Error("something was changed")
	}
}
