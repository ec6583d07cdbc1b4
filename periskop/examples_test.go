package periskop_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// TestExamplesOfTheServer reads whole what was ever given as an example of the format.
func TestExamplesOfTheServer(t *testing.T) {
	files, err := filepath.Glob("testdata/examples/*.json")
	if err != nil || len(files) < 18 {
		t.Fatalf("%d examples, error %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want struct {
				TargetUUID string `json:"target_uuid"`
				Aggregates []struct {
					Key    string           `json:"aggregation_key"`
					Total  uint64           `json:"total_count"`
					Latest []map[string]any `json:"latest_errors"`
					Made   string           `json:"created_at"`
				} `json:"aggregated_errors"`
			}
			if err := json.Unmarshal(body, &want); err != nil {
				t.Fatal(err)
			}
			r, err := periskop.Decode(body)
			if err != nil || r.Unread() != nil || r.TargetUUID != want.TargetUUID || len(r.Aggregates) != len(want.Aggregates) {
				t.Fatalf("got %+v, error %v, unread %v", r, err, r.Unread())
			}
			for i, a := range r.Aggregates {
				w := want.Aggregates[i]
				if a.Key != w.Key || a.TotalCount != w.Total || a.CreatedAt.IsZero() != (w.Made == "") {
					t.Errorf("aggregate %d: got %+v, want %+v", i, a, w)
				}
				found := periskop.Selection{Most: 10, Size: size}.Decode(a.Latest)
				if len(found.Occurrences) != len(w.Latest) || found.Err != nil {
					t.Errorf("aggregate %d: got %d of %d occurrences, error %v", i, len(found.Occurrences), len(w.Latest), found.Err)
				}
				for _, o := range found.Occurrences {
					if o.Timestamp.IsZero() || o.Error.Class+o.Error.Message == "" || o.UUID == "" {
						t.Errorf("aggregate %d: got %+v", i, o)
					}
				}
			}
		})
	}
}
