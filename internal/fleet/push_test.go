package fleet_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestPush(t *testing.T) {
	f := fleet.New(fleet.Options{})
	p := f.Start(fleet.ProcessOptions{Service: "shop"})
	p.RaiseTimes("k", periskop.Occurrence{}, 3)
	status, total := http.StatusOK, uint64(0)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		report, err := periskop.Decode(body)
		if err != nil {
			t.Error(err)
		}
		total = report.Aggregates[0].TotalCount
		w.WriteHeader(status)
	}))
	t.Cleanup(gateway.Close)

	if err := p.Push(t.Context(), gateway.URL); err != nil {
		t.Error(err)
	}
	if truth := f.Truth(gateway.URL); total != 3 || truth[0].Reported != 3 {
		t.Errorf("pushed %d, and the truth is %+v", total, truth)
	}
	if truth := f.Truth("elsewhere"); truth[0].Reported != 0 {
		t.Errorf("elsewhere: %+v", truth)
	}
	status = http.StatusInternalServerError
	if err := p.Push(t.Context(), gateway.URL); err == nil {
		t.Error("a push that failed: no error")
	}
}
