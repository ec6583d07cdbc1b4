//go:build e2e

package logs_test

import (
	"encoding/json"
	"html"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// logsTemplate are the templates of the page.
var logsTemplate = regexp.MustCompile("(?m)^```url\n(https://.*\\{\\{.*)\n```$")

var olderOccurrences = regexp.MustCompile(`href="([^"]*)"[^>]*>Older occurrences`)

// TestTemplatesOfThePage gives the exporter each template of the documentation, follows the link of an exception
// and asks a real VictoriaLogs what it asks there.
func TestTemplatesOfThePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/history.md")
	if err != nil {
		t.Fatal(err)
	}
	templates := logsTemplate.FindAllStringSubmatch(string(page), -1)
	if len(templates) != 3 {
		t.Fatalf("the page has %d templates", len(templates))
	}
	logs := process.VictoriaLogs(t)
	w := newThrower(t, "logs_endpoint: '"+logs.URL+process.OTLPPath+"'", small)
	w.throw(7)
	w.counted()
	w.sent()
	w.found(logs, 0)
	id := process.FoundLogs(t, logs, "* | limit 1", 1)[0]["periskop.exception_id"]
	for _, m := range templates {
		exporter := process.Exporter(t, w.config, "--web.logs-url="+m[1])
		var link string
		process.Eventually(t, "the page of the exception", func() error {
			body, err := process.Get(t.Context(), exporter.URL+"/trace/"+id)
			if err != nil {
				return err
			}
			found := olderOccurrences.FindStringSubmatch(body)
			if found == nil {
				t.Fatalf("no link on the page of %s", m[1])
			}
			link = html.UnescapeString(found[1])
			return nil
		})
		exporter.Stop(t)
		query := queryOf(t, link)
		if strings.HasPrefix(query, "{") { // Loki's
			if !strings.HasPrefix(query, `{service_name="shop-`) || !strings.HasSuffix(query, "periskop_exception_id=`"+id+"`") {
				t.Errorf("Loki is asked %s", query)
			}
			continue
		}
		found := process.FoundLogs(t, logs, query, 7)
		if len(found) != 7 {
			t.Errorf("%s finds %d, want 7", query, len(found))
		}
		for _, r := range found {
			if r["periskop.exception_id"] != id {
				t.Errorf("%s finds %v", query, r)
			}
		}
	}
}

// queryOf returns what an address asks.
func queryOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if _, hash, ok := strings.Cut(address, "#/?"); ok { // VictoriaLogs' own page
		q, err := url.ParseQuery(hash)
		if err != nil {
			t.Fatal(err)
		}
		return q.Get("query")
	}
	var panes map[string]struct {
		Queries []struct{ Expr string }
		Range   struct{ From, To string }
	}
	if err := json.Unmarshal([]byte(u.Query().Get("panes")), &panes); err != nil {
		t.Fatal(err)
	}
	if r := panes["periskop"].Range; len(r.From) != 13 || r.From >= r.To {
		t.Errorf("the range is %+v", r)
	}
	return panes["periskop"].Queries[0].Expr
}
