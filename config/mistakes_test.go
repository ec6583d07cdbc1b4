package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	// A few small mechanisms, so that the tests build quickly.
	_ "github.com/prometheus/prometheus/discovery/dns"
	_ "github.com/prometheus/prometheus/discovery/file"
	_ "github.com/prometheus/prometheus/discovery/http"

	"github.com/periskop-exporter/periskop_exporter/config"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMistakes parses the files of testdata/mistakes: each holds one mistake, for which
// there has to be one message with its line, path and a sentence that helps.
func TestMistakes(t *testing.T) {
	archives, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			testMistakes(t, path)
		})
	}
}

func testMistakes(t *testing.T, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.Files)%2 != 0 {
		t.Fatalf("%s: a case without its message", path)
	}
	for i := 0; i < len(archive.Files); i += 2 {
		in, want := archive.Files[i], &archive.Files[i+1]
		t.Run(in.Name, func(t *testing.T) {
			_, err := config.Parse("config.yaml", strings.NewReader(string(in.Data)))
			if err == nil {
				t.Fatal("no mistake was found")
			}
			got := err.Error() + "\n"
			if *update {
				want.Data = []byte(got)
				return
			}
			if diff := cmp.Diff(got, string(want.Data)); diff != "" {
				t.Errorf("message (-got +want):\n%s", diff)
			}
			if n := strings.Count(got, "\n"); n != 1 {
				t.Errorf("%d messages for one mistake", n)
			}
		})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
