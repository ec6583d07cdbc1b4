package view_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/view"
)

// TestReset takes back what was counted, by way of the page that asks first.
func TestReset(t *testing.T) {
	const own = "http://periskop.test"
	w := shopWorld(t)
	h := w.handler(t)
	id := merge.ExceptionID("shop", shopKey)
	counted := func() uint64 { return w.state.Snapshot().Find(id).Counted() }
	before := counted()
	checkContains(t, "trace", get(t, h, "/trace/"+id).Body.String(), `href="../trace/`+id+`/reset"`)
	checkContains(t, "question", get(t, h, "/trace/"+strings.ToUpper(id)+"/reset").Body.String(), "Begin the count anew?", "cannot be undone",
		`<form method="post" action="../../trace/`+id+`/reset"`, `href="../../trace/`+id+`"`)
	if rec := get(t, h, "/trace/0123456789abcdef/reset"); rec.Code != http.StatusNotFound {
		t.Errorf("a question about nothing: got status %d, want 404", rec.Code)
	}
	if got := counted(); before == 0 || got != before {
		t.Fatalf("got %d counted, want %d as before: to be asked changes nothing", got, before)
	}
	for _, step := range []struct {
		name, id, origin string
		status           int
		reset            bool
	}{
		{"from another site", id, "http://evil.test", http.StatusForbidden, false},
		{"from nowhere", id, "null", http.StatusForbidden, false},
		{"nothing", "0123456789abcdef", own, http.StatusNotFound, false},
		{"from the page", id, own, http.StatusSeeOther, true},
		{"again", id, own, http.StatusSeeOther, true},
	} {
		rec := send(t, h, "/trace/"+step.id+"/reset", step.origin, "")
		if rec.Code != step.status || (counted() == 0) != step.reset {
			t.Errorf("%s: got status %d and %d counted", step.name, rec.Code, counted())
		}
	}
	if page := get(t, h, "/trace/"+id).Body.String(); strings.Contains(page, "/reset") {
		t.Error("the page of an exception of which nothing is counted has the link")
	}

	w = shopWorld(t)
	w.change = func(o *view.Options) { o.Reset = nil }
	h = w.handler(t)
	if page := get(t, h, "/trace/"+id).Body.String(); strings.Contains(page, "/reset") {
		t.Error("the page has the link although nothing can be changed")
	}
	for name, rec := range map[string]int{"question": get(t, h, "/trace/"+id+"/reset").Code, "reset": send(t, h, "/trace/"+id+"/reset", own, "").Code} {
		if rec != http.StatusForbidden {
			t.Errorf("read only: %s: got status %d, want 403", name, rec)
		}
	}
}
