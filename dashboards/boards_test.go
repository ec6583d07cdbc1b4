package dashboards_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/periskop-exporter/periskop_exporter/dashboards"
)

var update = flag.Bool("update", false, "rewrite the dashboards")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestDashboards holds the files that are committed to what the code writes.
func TestDashboards(t *testing.T) {
	for _, name := range dashboards.Names() {
		t.Run(name, func(t *testing.T) {
			got, err := dashboards.JSON(name, dashboards.Options{})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", got)
			again, err := dashboards.JSON(name, dashboards.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, again) {
				t.Error("the same options give other bytes")
			}
		})
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("%s (-got +want); go test ./dashboards -update rewrites it:\n%s", file, diff)
	}
}

func TestExternalURL(t *testing.T) {
	out, err := dashboards.JSON(dashboards.Overview, dashboards.Options{ExternalURL: "https://example.com/periskop/"})
	if err != nil {
		t.Fatal(err)
	}
	var d board
	if err := json.Unmarshal(out, &d); err != nil {
		t.Fatal(err)
	}
	v := d.Templating.List[len(d.Templating.List)-1]
	if got, want := v.Name, "exporter"; got != want {
		t.Fatalf("last variable: got %s, want %s", got, want)
	}
	if got, want := string(v.Query), `"https://example.com/periskop"`; got != want {
		t.Errorf("URL: got %s, want %s", got, want)
	}
	if v.Hide != 2 {
		t.Error("the variable is shown although its value was given")
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, board, url, want string }{
		{"no scheme", dashboards.Overview, "periskop:9968", `external URL "periskop:9968" is not an absolute http or https URL: write it as http://periskop.example.com:9968`},
		{"another scheme", dashboards.Service, "javascript:alert(1)", `external URL "javascript:alert(1)" is not an absolute http or https URL: write it as http://periskop.example.com:9968`},
		{"query", dashboards.Exporter, "http://a/?b", `external URL "http://a/?b" has a query or a fragment, after which nothing can be added: write it as http://periskop.example.com:9968`},
		{"no such dashboard", "overviews", "http://a", `there is no dashboard "overviews": it is one of overview, service, exporter`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := dashboards.JSON(c.board, dashboards.Options{ExternalURL: c.url})
			if err == nil {
				t.Fatal("got no error")
			}
			if diff := cmp.Diff(strings.Split(err.Error(), "\n"), []string{c.want}); diff != "" {
				t.Errorf("error (-got +want):\n%s", diff)
			}
		})
	}
}
