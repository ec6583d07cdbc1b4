package view_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/view"
)

func TestStatusShowsTheExport(t *testing.T) {
	tests := []struct {
		name   string
		status *view.ExportStatus
		want   []string
	}{
		{"none", nil, nil},
		{"all is well", &view.ExportStatus{URL: "https://collector:4318/v1/logs", Sent: 12345, SentAt: now.Add(-time.Minute)}, []string{"https://collector:4318/v1/logs", "12,345", "1 minute ago", "none"}},
		{"it is away", &view.ExportStatus{URL: "u", Records: 17, Oldest: now.Add(-time.Hour), Dropped: 3, Failed: 2, Err: errors.New("no <answer>")}, []string{"no &lt;answer&gt;", "17, the oldest since 1 hour ago", "tried again"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, err := view.New(view.Options{
				Snapshot: func() *merge.Snapshot { return &merge.Snapshot{} }, Now: func() time.Time { return now },
				Export: func() *view.ExportStatus { return tt.status },
			})
			if err != nil {
				t.Fatal(err)
			}
			w := get(t, h, "/status")
			if w.Code != http.StatusOK {
				t.Fatal(w.Code)
			}
			if body := w.Body.String(); strings.Contains(body, "Export of occurrences") != (tt.status != nil) {
				t.Error("the section is there or not there")
			}
			for _, text := range tt.want {
				if !strings.Contains(w.Body.String(), text) {
					t.Errorf("%q is not there", text)
				}
			}
		})
	}
}
