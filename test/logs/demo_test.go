//go:build e2e

package logs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

var toldVictoriaLogs = regexp.MustCompile(`(?m)^  VictoriaLogs +(http://[^/\s]+)/select/vmui/$`)

// TestDemo finds what the shop of the demo throws in the VictoriaLogs that runs beside it,
// and by the link on the page of the exception.
func TestDemo(t *testing.T) {
	demo := process.MonitoredDemo(t)
	var logs *process.Program
	process.Eventually(t, "the demo tells its addresses", func() error {
		m := toldVictoriaLogs.FindStringSubmatch(demo.Log(t))
		if m == nil {
			return errors.New("not yet")
		}
		logs = &process.Program{URL: m[1]}
		return nil
	})
	var id, uuid string
	process.Eventually(t, "what the exporter was told is in VictoriaLogs", func() error {
		records, err := process.Logs(t.Context(), logs, "* | sort by (_time) desc | limit 1")
		if err == nil && len(records) == 0 {
			err = errors.New("no records yet")
		}
		if err != nil {
			return err
		}
		id = records[0]["periskop.exception_id"]
		told := newestOccurrence(t, demo, id)
		uuid = told.UUID
		records, err = process.Logs(t.Context(), logs, fmt.Sprintf("\"log.record.uid\":=%q", uuid))
		if err == nil && len(records) != 1 {
			err = fmt.Errorf("%d records of %s", len(records), uuid)
		}
		if err != nil {
			return err
		}
		if r := records[0]; r["periskop.exception_id"] != id || r["exception.type"] != told.Error.Class || r["exception.message"] != told.Error.Message {
			t.Fatalf("%+v is %v there", told, r)
		}
		return nil
	})
	checkOlder(t, demo, logs, id, uuid)
}

// An occurrence is one as the API tells it.
type occurrence struct {
	UUID  string
	Error struct{ Class, Message string }
}

func newestOccurrence(t *testing.T, demo *process.Program, id string) occurrence {
	t.Helper()
	body, err := process.Get(t.Context(), demo.URL+"/api/v1/trace?exception_id="+id)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Data struct{ Occurrences []occurrence }
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Data.Occurrences) == 0 {
		t.Fatalf("no occurrences of %s: %v in %s", id, err, body)
	}
	return answer.Data.Occurrences[0]
}

// exceptionOf is what a query asks beside the time, which goes on.
func exceptionOf(query string) string {
	before, _, _ := strings.Cut(query, " _time:")
	return before
}

// locationOf returns where an address leads to.
func locationOf(t *testing.T, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusFound {
		t.Errorf("%s: %s", address, res.Status)
	}
	return res.Header.Get("Location")
}

// checkOlder follows the link of an exception to its older occurrences.
func checkOlder(t *testing.T, demo, logs *process.Program, id, uuid string) {
	t.Helper()
	page, err := process.Get(t.Context(), demo.URL+"/trace/"+id)
	if err != nil {
		t.Fatal(err)
	}
	m := olderOccurrences.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no link on the page of %s", id)
	}
	link := html.UnescapeString(m[1])
	older := locationOf(t, demo.URL+"/trace/"+id+"/older") // as dashboards have it
	for _, to := range []string{link, older} {
		if !strings.HasPrefix(to, logs.URL+"/select/vmui/#/?") {
			t.Errorf("it leads to %s", to)
		}
	}
	if a, b := exceptionOf(queryOf(t, link)), exceptionOf(queryOf(t, older)); a != b {
		t.Errorf("one asks for %s, the other for %s", a, b)
	}
	body, err := process.Get(t.Context(), link)
	if err != nil || !strings.Contains(body, "VictoriaLogs") {
		t.Errorf("VictoriaLogs has no page: %v in %s", err, body)
	}
	records := process.FoundLogs(t, logs, queryOf(t, link), 1)
	found := 0
	for _, r := range records {
		if r["periskop.exception_id"] != id {
			t.Errorf("the link finds %v, want %s alone", r, id)
		}
		if r["log.record.uid"] == uuid {
			found++
		}
	}
	if found != 1 {
		t.Errorf("%s is %d times among the %d older occurrences", uuid, found, len(records))
	}
}
