package dashboards_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/periskop-exporter/periskop_exporter/dashboards"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// A board is what the lint reads of a dashboard, as Grafana would.
type board struct {
	UID, Title, Description string
	SchemaVersion           int
	Templating              struct{ List []variable }
	Annotations             struct {
		List []struct {
			Name, Expr string
			DataSource source
		}
	}
	Links  []dataLink
	Panels []boardPanel
}

type source struct{ Type, UID string }

type variable struct {
	Name, Label, Description, Type, Definition, AllValue string
	Hide                                                 int
	Query                                                json.RawMessage
	Multi, IncludeAll                                    bool
	DataSource                                           *source
}

type boardPanel struct {
	ID                       int
	Type, Title, Description string
	DataSource               *source
	GridPos                  struct{ H, W, X, Y int }
	Targets                  []struct {
		RefID, Expr, LegendFormat, Format string
		Instant, Range                    bool
		DataSource                        *source
	}
	FieldConfig struct {
		Defaults struct {
			Unit       string
			Thresholds *struct{ Steps []struct{ Color string } }
			Links      []dataLink
		}
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []struct {
				ID    string
				Value json.RawMessage
			}
		}
	}
	Transformations []struct {
		ID      string
		Options struct{ RenameByName map[string]string }
	}
}

type dataLink struct{ Title, URL string }

func read(t *testing.T, name string) board {
	t.Helper()
	out, err := dashboards.JSON(name, dashboards.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var d board
	if err := json.Unmarshal(out, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// exposed are the metrics that queries may ask for.
var exposed = []string{
	names.ExceptionsTotal, names.ExceptionFirstSeen, names.ExceptionLastSeen, names.ExceptionsRegressedTotal, names.ExceptionMuted,
	names.ServiceWatchedSince, names.ServiceTargets, names.TargetUp, names.TargetScrapeDuration, names.ScrapesTotal,
}

// exposedByExporter are those that the dashboard of the exporter may ask for as well.
var exposedByExporter = []string{
	names.ExporterBuildInfo, names.ExporterStateCommitSuccess, names.ExporterConfigReloadSuccess, names.ExporterDiscoveryProblems,
	names.ExporterOverflowKeys, names.ScrapesTotal, names.TargetScrapeDuration, names.TargetInconsistenciesTotal, names.ExporterSeries,
	names.ExporterStateCommits, names.ExporterStateCommitFailures, names.ExporterStateCommitDuration, names.ExporterStateSize,
	names.ExporterAlertsSent, names.ExporterAlertsFailed, names.ExporterAlertsDropped, names.ExporterAlertsActive, names.ExporterAlertmanagers,
	names.ExporterExportRecords, names.ExporterExportQueueAge,
	"up", "process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds", "scrape_duration_seconds",
}

// eachBoard runs a test over every dashboard.
func eachBoard(t *testing.T, test func(*testing.T, board)) {
	t.Helper()
	for _, name := range dashboards.Names() {
		t.Run(name, func(t *testing.T) { test(t, read(t, name)) })
	}
}

// subject is what every query is narrowed down to, as it is substituted.
func (b *board) subject() (matcher string, metrics []string) {
	if b.UID == dashboards.UID(dashboards.Exporter) {
		return `job=~"periskop"`, exposedByExporter
	}
	return names.ServiceName + `=~"checkout|search"`, exposed
}

// substituted is the query as Grafana sends it.
func substituted(expr string) string {
	return strings.NewReplacer(
		"$__range", "6h", "$__rate_interval", "1m", "${__from}", "1795345200000",
		"$service", "checkout|search", "$severity", ".*", "$class", ".*", "$key", `shop/Cart\\.add`,
		"$job", "periskop", "$instance", ".*",
	).Replace(expr)
}

func (b *board) lintExpr(t *testing.T, where, expr string) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(substituted(expr))
	if err != nil {
		t.Errorf("%s: %v in %s", where, err, expr)
		return
	}
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		s, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		matcher, metrics := b.subject()
		if !slices.Contains(metrics, s.Name) {
			t.Errorf("%s: asks for %s, which is not exposed", where, s)
		}
		if !strings.Contains(s.String(), matcher) {
			t.Errorf("%s: %s is for all there are, whichever are chosen", where, s)
		}
		return nil
	})
}

func TestPanels(t *testing.T) { eachBoard(t, lintPanels) }

func lintPanels(t *testing.T, d board) {
	titles := map[string]bool{}
	for _, p := range d.Panels {
		if p.Title == "" || titles[p.Title] {
			t.Errorf("panel %d: title %q is empty or there twice", p.ID, p.Title)
		}
		titles[p.Title] = true
		if p.Type == "row" {
			continue
		}
		if !strings.HasSuffix(p.Description, ".") {
			t.Errorf("%s: the description is no sentence: %q", p.Title, p.Description)
		}
		if p.FieldConfig.Defaults.Unit == "" {
			t.Errorf("%s: has no unit", p.Title)
		}
		if p.DataSource == nil || *p.DataSource != chosen {
			t.Errorf("%s: data source is not the one that is chosen", p.Title)
		}
		d.lintTargets(t, p)
		if p.Type == "stat" && (p.FieldConfig.Defaults.Thresholds == nil || len(p.FieldConfig.Defaults.Thresholds.Steps) == 0) {
			t.Errorf("%s: has no thresholds", p.Title)
		}
		d.lintTable(t, p)
	}
}

// chosen is the data source of the variable.
var chosen = source{"prometheus", "${datasource}"}

func (b *board) lintTargets(t *testing.T, p boardPanel) {
	t.Helper()
	if len(p.Targets) == 0 {
		t.Errorf("%s: asks for nothing", p.Title)
	}
	refs := map[string]bool{}
	for _, target := range p.Targets {
		b.lintExpr(t, p.Title, target.Expr)
		if refs[target.RefID] || target.RefID == "" {
			t.Errorf("%s: query %q is there twice or has no name", p.Title, target.RefID)
		}
		refs[target.RefID] = true
		if target.DataSource == nil || *target.DataSource != chosen {
			t.Errorf("%s: data source of query %s is not the one that is chosen", p.Title, target.RefID)
		}
		if target.Instant == target.Range {
			t.Errorf("%s: query %s wants to be instant or range", p.Title, target.RefID)
		}
		if target.Format == "time_series" && target.LegendFormat == "" {
			t.Errorf("%s: query %s has no legend", p.Title, target.RefID)
		}
	}
}

// lintTable checks that the columns are those that the queries give, and that the
// overrides name columns.
func (b *board) lintTable(t *testing.T, p boardPanel) {
	t.Helper()
	if p.Type != "table" {
		return
	}
	var fields, titles []string
	for _, tr := range p.Transformations {
		for field, title := range tr.Options.RenameByName {
			fields, titles = append(fields, field), append(titles, title)
		}
	}
	for _, target := range p.Targets {
		if field := "Value #" + target.RefID; !slices.Contains(fields, field) {
			t.Errorf("%s: has no column for query %s", p.Title, target.RefID)
		}
	}
	links, counts := 0, 0
	for _, o := range p.FieldConfig.Overrides {
		if o.Matcher.ID == "byName" && !slices.Contains(titles, o.Matcher.Options) {
			t.Errorf("%s: overrides %q, which is no column", p.Title, o.Matcher.Options)
		}
		for _, property := range o.Properties {
			if property.ID != "links" {
				continue
			}
			var l []dataLink
			if err := json.Unmarshal(property.Value, &l); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(l[0].URL, "/d/") {
				continue // to another dashboard
			}
			links++
			want := "${exporter:raw}/trace/${__data.fields.exception_id}"
			if strings.HasPrefix(o.Matcher.Options, "Count") {
				want += "/older"
				counts++
			}
			if got := l[0].URL; got != want || len(l) != 1 {
				t.Errorf("%s: %s leads to %s, want %s alone", p.Title, o.Matcher.Options, got, want)
			}
		}
	}
	if b.UID == dashboards.UID(dashboards.Exporter) {
		return // it is not about exceptions
	}
	if links == counts || counts != 1 || !slices.Contains(fields, names.ExceptionID) {
		t.Errorf("%s: rows do not lead to the trace and to older occurrences", p.Title)
	}
}

func TestGrid(t *testing.T) { eachBoard(t, lintGrid) }

func lintGrid(t *testing.T, d board) {
	taken := map[[2]int]string{}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID <= 0 {
			t.Errorf("%s: ID %d is there twice, or none", p.Title, p.ID)
		}
		ids[p.ID] = true
		g := p.GridPos
		if g.W <= 0 || g.H <= 0 || g.X < 0 || g.X+g.W > 24 {
			t.Errorf("%s: is not on the grid: %+v", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok {
					t.Fatalf("%s and %s overlap", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

var reference = regexp.MustCompile(`\$\{?(\w+)`)

// TestVariables checks that every variable is used, defined, and may take all values.
func TestVariables(t *testing.T) { eachBoard(t, lintVariables) }

func lintVariables(t *testing.T, d board) {
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, m := range reference.FindAllSubmatch(text, -1) {
		used[string(m[1])] = true
	}
	known := map[string]bool{"__range": true, "__rate_interval": true, "__from": true, "__url_time_range": true, "__data": true, "__field": true, "__all": true, "1": true}
	for i, v := range d.Templating.List {
		known[v.Name] = true
		if !used[v.Name] {
			t.Errorf("nothing uses the variable %s", v.Name)
		}
		if v.Label == "" || !strings.HasSuffix(v.Description, ".") {
			t.Errorf("%s: has no label or no description", v.Name)
		}
		if (i == 0) != (v.Type == "datasource") {
			t.Errorf("%s: the data source is to come first", v.Name)
		}
		if v.Type != "query" {
			continue
		}
		isOne := d.UID == dashboards.UID(dashboards.Service) && v.Name == "service"
		if !v.Multi || v.IncludeAll == isOne || (v.AllValue == ".*") == isOne {
			t.Errorf("%s: wants to be many or all, or those that are chosen", v.Name)
		}
		if v.DataSource == nil || *v.DataSource != chosen {
			t.Errorf("%s: data source is not the one that is chosen", v.Name)
		}
		m := regexp.MustCompile(`^label_values\((.*), \w+\)$`).FindStringSubmatch(v.Definition)
		if m == nil {
			t.Errorf("%s: asks %q", v.Name, v.Definition)
			continue
		}
		if _, err := parser.NewParser(parser.Options{}).ParseMetricSelector(substituted(m[1])); err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
	for name := range used {
		if !known[name] {
			t.Errorf("there is no variable %s", name)
		}
	}
}

func TestAnnotations(t *testing.T) { eachBoard(t, lintAnnotations) }

func lintAnnotations(t *testing.T, d board) {
	marks := 0
	for _, a := range d.Annotations.List {
		if a.Expr == "" {
			continue
		}
		marks++
		d.lintExpr(t, a.Name, a.Expr)
		if a.DataSource != chosen {
			t.Errorf("%s: data source is not the one that is chosen", a.Name)
		}
	}
	if marks == 0 && d.UID != dashboards.UID(dashboards.Exporter) {
		t.Error("nothing marks new exceptions")
	}
}
