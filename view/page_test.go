package view

import (
	"html/template"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// TestRenderFails checks that a page that cannot be made is no half page.
func TestRenderFails(t *testing.T) {
	var logged strings.Builder
	o := Options{
		Snapshot: func() *merge.Snapshot { return &merge.Snapshot{} },
		Logger:   slog.New(slog.NewTextHandler(&logged, nil)),
	}
	setDefaults(&o)
	broken := template.Must(template.New("layout").Parse(`<p>half a page{{.Content.NoSuchField}}`))
	v := &view{Options: o, pages: map[string]*template.Template{pageOverview: broken}, assets: &assets{}}
	rec := httptest.NewRecorder()
	secured(v.routes()).ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	if rec.Code != http.StatusInternalServerError || strings.Contains(rec.Body.String(), "half") {
		t.Errorf("got %d: %s", rec.Code, rec.Body)
	}
	if rec.Header().Get("Content-Security-Policy") == "" {
		t.Error("no content security policy")
	}
	if !strings.Contains(logged.String(), "page=overview") {
		t.Errorf("log: %s", logged.String())
	}
}
