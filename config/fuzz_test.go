package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/periskop-exporter/periskop_exporter/config"
)

// FuzzParse looks for texts that break the parser, that have messages nobody should
// read, or whose redacted form is no YAML any more.
func FuzzParse(f *testing.F) {
	archives, _ := filepath.Glob("testdata/*/*.txtar")
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for i := 0; i < len(archive.Files); i += 2 {
			f.Add(string(archive.Files[i].Data))
		}
	}
	for _, path := range []string{"testdata/full.yaml", "testdata/periskop.yaml"} {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.Parse("f", strings.NewReader(text))
		if err == nil {
			if _, err := config.KeysIn(c.String()); err != nil {
				t.Errorf("cannot read what is shown: %v\n%s", err, c)
			}
			return
		}
		var errs config.Errors
		if !errors.As(err, &errs) || len(errs) == 0 {
			t.Fatalf("got %T %v", err, err)
		}
		for _, e := range errs {
			if e.Message == "" || e.Line > strings.Count(text, "\n")+strings.Count(text, "\r")+2 {
				t.Errorf("got %+v", e)
			}
			for _, foreign := range []string{"yaml:", "unmarshal", "AUTO_DISCOVERY", "%!", "cannot decode"} {
				if strings.Contains(e.Error(), foreign) && !strings.Contains(text, foreign) {
					t.Errorf("a message nobody should read: %v", e)
				}
			}
		}
	})
}
