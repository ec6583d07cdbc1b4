package view_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// act sends a form from a page of this origin, as a user.
func act(t *testing.T, h http.Handler, address, user string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://periskop.test"+address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://periskop.test")
	r.Header.Set("X-User", user)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestMuteForm(t *testing.T) {
	id := merge.ExceptionID("shop", shopKey)
	for name, c := range map[string]struct {
		form   url.Values
		status int
		want   triage.Until
		says   string // the page after it, or the message
	}{
		"for a day":            {url.Values{"until": {"1d"}, "reason": {"<b>known</b>"}}, 303, triage.Until{Time: now.Add(24 * time.Hour)}, "Muted until 2026-11-23 07:40:00 UTC"},
		"until a time":         {url.Values{"until": {"time"}, "time": {"2026-11-30 09:00"}}, 303, triage.Until{Time: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)}, "Muted until 2026-11-30 09:00:00 UTC"},
		"until a time before":  {url.Values{"until": {"time"}, "time": {"2026-11-20"}}, 400, triage.Until{}, "The time at which the mute ends is over."},
		"until no time":        {url.Values{"until": {"time"}, "time": {"<b>"}}, 400, triage.Until{}, "is no time; write for example 2026-11-22 08:40, in UTC"},
		"until it grew":        {url.Values{"until": {"growth"}, "growth": {" 50 "}}, 303, triage.Until{Growth: 50}, "Muted until it grew by 50"},
		"until it grew by 0":   {url.Values{"until": {"growth"}, "growth": {"0"}}, 400, triage.Until{}, "is no number that the count could grow by"},
		"until a new version":  {url.Values{"until": {"version"}}, 303, triage.Until{Version: true}, "Muted until it is in a new version"},
		"for good":             {url.Values{"until": {"ever"}}, 303, triage.Until{}, "Muted for good"},
		"until nobody says":    {url.Values{}, 400, triage.Until{}, "It is not said until when it is to be muted."},
		"until something else": {url.Values{"until": {"<script>"}}, 400, triage.Until{}, "It is not said until when it is to be muted."},
	} {
		t.Run(name, func(t *testing.T) {
			w := shopWorld(t)
			h := w.handler(t)
			rec := act(t, h, "/trace/"+id+"/mute", "ada", c.form)
			page := rec.Body.String()
			if rec.Code != c.status {
				t.Errorf("status %d, want %d", rec.Code, c.status)
			}
			m := w.state.Snapshot().Find(id).Muted
			if c.status == http.StatusSeeOther {
				page = get(t, h, "/trace/"+id).Body.String()
				if m == nil || m.Until != c.want || m.By != "ada" {
					t.Errorf("got %+v, want %+v", m, c.want)
				}
			} else if m != nil {
				t.Errorf("it is muted: %+v", m)
			}
			if !strings.Contains(page, c.says) {
				t.Errorf("%q is missing in\n%s", c.says, page)
			}
			checkMarkup(t, name, page)
		})
	}
}

// TestMutedIsOutOfSight looks at what is said of an exception that is muted, and of what was decided.
func TestMutedIsOutOfSight(t *testing.T) {
	w := shopWorld(t)
	h := w.handler(t)
	id := merge.ExceptionID("shop", shopKey)
	listed := func(query string) bool {
		return strings.Contains(get(t, h, "/exceptions"+query).Body.String(), "/trace/"+id)
	}
	for _, step := range []struct {
		action, user, reason string
		open, muted          bool
	}{
		{"note", "ada", "who knows <i>this</i>?", true, false},
		{"mute", "bob", "known", false, true},
		{"unmute", "", "", true, false},
		{"mute", "eve <eve@example.com>", "again", false, true},
		{"resolve", "ada", "fixed in 1.2", false, false},
		{"reopen", "bob", "", true, false},
	} {
		if rec := act(t, h, "/trace/"+id+"/"+step.action, step.user, url.Values{"reason": {step.reason}, "until": {"ever"}}); rec.Code != http.StatusSeeOther {
			t.Errorf("%s: status %d: %s", step.action, rec.Code, rec.Body)
		}
		if listed("") != step.open || listed("?state=muted") != step.muted || !listed("?state=all") {
			t.Errorf("%s: open %v, muted %v, all %v", step.action, listed(""), listed("?state=muted"), listed("?state=all"))
		}
		if step.muted && !strings.Contains(get(t, h, "/trace/"+id).Body.String(), `<span class="badge muted"`) {
			t.Errorf("%s: no badge", step.action)
		}
	}
	page := get(t, h, "/trace/"+id).Body.String()
	for _, want := range []string{
		"<b>Reopened</b>", "<b>Resolved</b>", "<q><bdi>fixed in 1.2</bdi></q>", "<b>Muted for good</b>", "<b>Unmuted</b>",
		"<span>by <bdi>eve &lt;eve@example.com&gt;</bdi></span>", "<b>Note</b>", "<q><bdi>who knows &lt;i&gt;this&lt;/i&gt;?</bdi></q>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	if at, before := strings.Index(page, "<b>Reopened"), strings.Index(page, "<b>Note"); at > before {
		t.Error("the newest is not first")
	}
	if rec := act(t, h, "/trace/"+id+"/note", "ada", url.Values{"reason": {"  "}}); rec.Code != http.StatusBadRequest {
		t.Errorf("an empty note: status %d", rec.Code)
	}
}

// TestReasonStays has an exception come back after it was resolved: why is still to be read.
func TestReasonStays(t *testing.T) {
	w := shopWorld(t)
	h := w.handler(t)
	id := merge.ExceptionID("shop", shopKey)
	act(t, h, "/trace/"+id+"/resolve", "ada", url.Values{"reason": {"fixed in 1.2"}})
	r := reportOf(shopKey, periskop.Exception{Class: "PaymentError"})
	r.TargetUUID, r.Aggregates[0].CreatedAt = "u9", now.Add(-2*time.Minute)
	for i := range uint64(2) {
		r.Aggregates[0].TotalCount = 1 + i
		w.state.Fold(&periskop.Scrape{Target: newTarget("shop", "shop-9:8080", nil), Start: now.Add(-time.Minute), Date: now.Add(-time.Minute), Result: periskop.Success, Report: r})
	}
	page := get(t, h, "/trace/"+id).Body.String()
	for _, want := range []string{
		"This exception was resolved, and came back.", "It had been resolved by <bdi>ada</bdi>: <q><bdi>fixed in 1.2</bdi></q>",
		"<b>Came back after it was resolved</b>", "<b>Resolved</b>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
}
