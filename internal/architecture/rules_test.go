package architecture

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCheck sees to it that the check can fail: each case is one package and the
// faults it has.
func TestCheck(t *testing.T) {
	const (
		discovery = "github.com/prometheus/prometheus/discovery"
		plugins   = "github.com/prometheus/prometheus/plugins"
	)
	tests := []struct {
		name string
		path string // relative to the module
		pkg  goPackage
		want []string
	}{
		{
			name: "a stage with what it may import",
			path: "scrape",
			pkg:  goPackage{imports: []string{"net/http", module + "/periskop"}},
		},
		{
			name: "a stage imports another",
			path: "merge",
			pkg:  goPackage{imports: []string{module + "/scrape"}},
			want: []string{"merge: imports scrape"},
		},
		{
			name: "an output imports another",
			path: "view",
			pkg:  goPackage{imports: []string{module + "/collector"}},
			want: []string{"view: imports collector"},
		},
		{
			name: "a part of an output does not come with it",
			path: "alerts",
			pkg:  goPackage{imports: []string{module + "/alerts/notify"}},
			want: []string{"alerts: imports alerts/notify"},
		},
		{
			name: "only cmd imports config",
			path: "scrape",
			pkg:  goPackage{imports: []string{module + "/config"}},
			want: []string{"scrape: imports config"},
		},
		{
			name: "cmd imports everything",
			path: "cmd/periskop_exporter",
			pkg: goPackage{
				name: "main", doc: "Command periskop_exporter does it all.",
				imports: []string{module + "/config", module + "/view", module + "/internal/fleet", plugins}, deps: []string{plugins},
			},
		},
		{
			name: "the vocabulary imports nothing",
			path: "periskop",
			pkg:  goPackage{imports: []string{module + "/internal/names"}},
			want: []string{"periskop: imports internal/names"},
		},
		{
			name: "the root package is a package too",
			path: "dashboards",
			pkg:  goPackage{imports: []string{module}},
			want: []string{"dashboards: imports ."},
		},
		{
			name: "a path that only begins like the module's is another module",
			path: "dashboards",
			pkg:  goPackage{imports: []string{module + "_other/x"}},
		},
		{
			name: "tests import their package, the fleet, and what the package may",
			path: "scrape",
			pkg:  goPackage{testImports: []string{module + "/scrape", module + "/periskop", module + "/internal/fleet"}},
		},
		{
			name: "tests import another stage",
			path: "scrape",
			pkg:  goPackage{testImports: []string{module + "/merge"}},
			want: []string{"scrape: its tests import merge"},
		},
		{
			name: "the fleet in what ships",
			path: "scrape",
			pkg:  goPackage{imports: []string{module + "/internal/fleet"}},
			want: []string{"scrape: imports internal/fleet"},
		},
		{
			name: "tests of the built program share code among themselves",
			path: "test/kubernetes",
			pkg:  goPackage{testImports: []string{module + "/test/process", module + "/internal/fleet"}},
		},
		{
			name: "tests of the built program look inside it",
			path: "test/kubernetes",
			pkg:  goPackage{testImports: []string{module + "/merge"}},
			want: []string{"test/kubernetes: its tests import merge"},
		},
		{
			name: "a package that nobody placed",
			path: "internal/clock",
			want: []string{"internal/clock: not in the table of who may import whom"},
		},
		{
			name: "a vague name",
			path: "test/util",
			want: []string{`test/util: "util" does not say what the package provides`},
		},
		{
			name: "a vague directory above the package",
			path: "test/pkg/process",
			want: []string{`test/pkg/process: "pkg" does not say what the package provides`},
		},
		{
			name: "a vague name in the package clause only",
			path: "merge",
			pkg:  goPackage{name: "types", doc: "Package types holds all sorts of things."},
			want: []string{`merge: "types" does not say what the package provides`},
		},
		{
			name: "a doc comment that begins with something else",
			path: "merge",
			pkg:  goPackage{doc: "This package merges."},
			want: []string{`merge: its doc comment does not begin with "Package merge"`},
		},
		{
			name: "the adapters of service discovery",
			path: "config",
			pkg:  goPackage{imports: []string{discovery, discovery + "/kubernetes"}, testImports: []string{discovery + "/dns"}},
		},
		{
			name: "service discovery past its adapter",
			path: "scrape",
			pkg:  goPackage{imports: []string{discovery + "/targetgroup"}},
			want: []string{"scrape: imports " + discovery + "/targetgroup, which belongs to discovery and config"},
		},
		{
			name: "every mechanism linked into an adapter",
			path: "discovery",
			pkg:  goPackage{imports: []string{plugins}, deps: []string{plugins}},
			want: []string{"discovery: imports " + plugins + ", which belongs to cmd/periskop_exporter"},
		},
		{
			name: "every mechanism linked through another package",
			path: "discovery",
			pkg:  goPackage{imports: []string{discovery}, deps: []string{discovery, discovery + "/install"}},
			want: []string{"discovery: depends on " + discovery + "/install, which belongs to cmd/periskop_exporter"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := tt.pkg
			p.path = module + "/" + tt.path
			if p.name == "" {
				p.name = tt.path[strings.LastIndex(tt.path, "/")+1:]
			}
			if p.doc == "" {
				p.doc = "Package " + p.name + " is made up."
			}
			if diff := cmp.Diff(check([]goPackage{p}), tt.want); diff != "" {
				t.Errorf("faults (-got +want):\n%s", diff)
			}
		})
	}
}

func TestCheckNoDoc(t *testing.T) {
	got := check([]goPackage{{path: module + "/merge", name: "merge"}})
	want := []string{"merge: no doc comment on the package"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("faults (-got +want):\n%s", diff)
	}
}
