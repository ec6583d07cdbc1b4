package merge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// TestOldScalaClient has a client that sends no target_uuid, and writes createdAt: when a
// process ends and its successor has a higher total, all of that is news.
func TestOldScalaClient(t *testing.T) {
	report := func(total int, created time.Time) []periskop.Aggregate {
		r, err := periskop.Decode(fmt.Appendf(nil, `{"aggregated_errors":[{"aggregation_key":"k","total_count":%d,"severity":"error","createdAt":%q,
			"latest_errors":[{"uuid":"%d","timestamp":%q,"error":{"message":"declined"}}]}]}`,
			total, created.Format(time.RFC3339Nano), total, created.Format(time.RFC3339Nano)))
		if err != nil {
			t.Fatal(err)
		}
		return r.Aggregates
	}
	s := newState(settings())
	fold(s, answer{at: at(0), reports: report(3, at(-100))}, answer{at: at(2), reports: report(5, at(1))})
	e := s.Snapshot().Find(merge.ExceptionID("shop", "k"))
	if e.Counted() != 5 || e.History != 3 || !e.FirstSeen.Equal(at(-100)) {
		t.Errorf("got %d counted, history %d, first seen %s; want 5, 3, %s", e.Counted(), e.History, e.FirstSeen, at(-100))
	}
}
