package architecture

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// boundName are the names of constants that bound something.
var boundName = regexp.MustCompile(`^(max|Max|most|longest|waiting$|pushedBytes$|atOnce$|Kept|.*AtOnce$)`)

// A bound is a constant, and where docs/limits.md or docs/wire-format.md tells of it.
type bound struct {
	value string // as the code has it
	// row is the beginning of a row of a table, and text what that says of the value. Without
	// row, text says why the page does not tell.
	row, text string
}

// bounds are all constants that bound what a target, a client, a scraper or a reader can make
// the program keep or do. Packages that only show or look at what is bounded elsewhere are not
// looked at: view, redact, frames, dashboards.
var bounds = map[string]bound{
	"agents.maxFound":   {"100", "A request of a coding agent", "100"},
	"agents.maxRequest": {"64 << 10", "A request of a coding agent", "64 kB"},
	"agents.maxTargets": {"200", "A request of a coding agent", "200"},
	"agents.maxText":    {"300", "", "of a text in a list"},

	"alerts/notify.maxCauses":      {"20", "", "of the text of an alert"},
	"alerts/notify.maxFrame":       {"200", "", "of the text of an alert"},
	"alerts/notify.maxFrames":      {"5", "", "of the text of an alert"},
	"alerts/notify.maxHeadline":    {"160", "", "of the text of an alert"},
	"alerts/notify.maxMessage":     {"500", "", "of the text of an alert"},
	"alerts/notify.most":           {"512", "", "of an answer that is quoted in the log"},
	"alerts/notify.maxUndelivered": {"time.Hour", "Direct alerts that no Alertmanager has taken", "for an hour"},

	"api.maxAction":  {"256 << 10", "Exceptions that something is decided about at once", "256 kB"},
	"api.maxAge":     {"7 * 24 * time.Hour", "", "of what a header says: one that says more says nothing"},
	"api.maxDecided": {"1000", "Peers that are asked", "1000 decisions"},
	"api.maxHost":    {"253", "", "of the name of a host in a header"},

	"cmd/periskop_exporter.maxChecked":     {"64 << 20", "", "of check-target, which a person runs"},
	"cmd/periskop_exporter.maxConnections": {"1000", "Connections to the exporter", "1000"},
	"cmd/periskop_exporter.maxRecent":      {"64 << 20", "What the charts of the pages show", "64 MB"},
	"cmd/periskop_exporter.maxRemarks":     {"5", "", "of check-target, which a person runs"},
	"cmd/periskop_exporter.maxReplica":     {"253", "What a replica is called", "253 bytes"},
	"cmd/periskop_exporter.mostGarbage":    {"64 << 20", "Garbage beside what is held", "64 MB"},
	"cmd/periskop_exporter.most":           {"", "", "of what is listed in a sentence, and of the file of check-config"},
	"cmd/periskop_exporter.maxWait":        {"10 * time.Second", "Requests that are answered at a time", "each for 10 s"},
	"cmd/periskop_exporter.pushedBytes":    {"64 << 20", "Bodies of pushes", "64 MB"},
	"cmd/periskop_exporter.waiting":        {"100", "Requests that are answered at a time", "Up to 100 of each kind"},

	"discovery.waiting":           {"iota", "", "of nothing: a state"},
	"discovery.maxLogRecords":     {"256", "", "of what a discovery has logged and nobody has read yet, within two seconds"},
	"discovery.maxSentence":       {"600", "", "of the text of a problem"},
	"discovery.maxTargetProblems": {"5", "Problems of a block that name a target each", "5"},
	"discovery.most":              {"3", "", "of what is listed in a sentence"},
	"discovery.maxFirstAnswer":    {"10 * time.Second", "", "of the first round of a discovery, after which the program is ready without it"},

	"export.longestPause":  {"time.Minute", "Pause before the export", "1 minute"},
	"export.maxAnswer":     {"64 << 10", "", "of an answer, which is short"},
	"export.maxBatch":      {"500", "One request of the export", "500 records"},
	"export.maxBatchSize":  {"1 << 20", "One request of the export", "1 MB"},
	"export.maxFrame":      {"256 << 20", "", "of a frame: one that has more is damaged"},
	"export.maxHeaderSet":  {"64", "", "of headers, of which all together have 4 kB"},
	"export.maxHeaders":    {"4 << 10", "Texts of one exported record", "all headers"},
	"export.maxMemory":     {"16 << 20", "Occurrences that wait for a disk that does not take", "16 MB"},
	"export.maxName":       {"1 << 10", "Texts of one exported record", "1 kB"},
	"export.maxPause":      {"10 * time.Minute", "Pause before the export", "10 minutes"},
	"export.maxProviders":  {"1000", "", "of services whose name is held ready; all are made again then"},
	"export.maxSegment":    {"8 << 20", "`export.otlp.queue_size`", "8 MB"},
	"export.maxStacktrace": {"32 << 10", "Texts of one exported record", "32 kB"},
	"export.maxText":       {"4 << 10", "Texts of one exported record", "4 kB"},
	"export.most":          {"300", "", "of an answer that is quoted"},

	"merge.longestDelay":  {"2 * time.Minute", "How long a new series is shown at 0", "2 minutes"},
	"merge.longestMemory": {"7 * 24 * time.Hour", "Scrapers of `/metrics`", "at most for 7 days"},
	"merge.longestUUID":   {"64", "A `target_uuid`", "64"},
	"grouping.maxCauses":  {"10", "", "of what a rule of grouping looks at"},
	"grouping.maxFrames":  {"100", "", "of what a rule of grouping looks at"},
	"grouping.maxText":    {"4 << 10", "", "of what a rule of grouping looks at"},

	"merge.maxAhead":          {"time.Minute", "", "of a clock"},
	"merge.maxAheadOfUs":      {"5 * time.Minute", "How far in the future a decision of a peer", "5 minutes"},
	"merge.maxAwaited":        {"10_000", "Decisions of peers about exceptions", "10,000"},
	"merge.maxSiblings":       {"32", "Workers of one server", "32"},
	"merge.maxContradiction":  {"2 * time.Second", "", "of a clock"},
	"merge.maxDelay":          {"200 * time.Millisecond", "", "of a clock"},
	"merge.maxDepartures":     {"2000", "Exceptions that are gone", "2000"},
	"merge.maxDoubt":          {"time.Hour", "", "of how long a target is called doubtful after it was"},
	"merge.maxEpochsPerKey":   {"10", "Epochs of one process", "10 for each of `keys_per_service`"},
	"merge.maxForgotten":      {"7 * 24 * time.Hour", "Processes of a service whose names are remembered", "7 days"},
	"merge.maxForgottenIDs":   {"20_000", "Processes of a service whose names are remembered", "20,000"},
	"merge.maxHeld":           {"8 << 20", "Stack traces", "8 MB"},
	"merge.maxKeyText":        {"4 << 20", "Text in the keys of one report", "4 MB"},
	"merge.longestOpen":       {"5 * time.Minute", "", "of a clock"},
	"merge.maxJournal":        {"8 << 20", "The journal", "8 MB"},
	"merge.maxKey":            {"4 << 10", "a key", "4 kB"},
	"merge.maxListed":         {"64", "Occurrences of an aggregate that are evidence", "64"},
	"merge.maxListedKeys":     {"50", "Keys that are known to be in", "50"},
	"merge.maxMembersPerKey":  {"10", "Keys that are known to be in", "10 for each of `keys_per_service`"},
	"merge.maxExportBuffer":   {"64 << 20", "Occurrences that wait for a disk that does not take", "64 MB"},
	"merge.maxQueued":         {"10_000", "Events that wait for a disk", "10,000"},
	"merge.maxRate":           {"10_000_000", "Rise of one total", "ten million a second"},
	"merge.maxRenamed":        {"100", "Epochs of one key that nothing tells apart", "100"},
	"merge.maxRise":           {"1_000_000_000_000", "Rise of one total", "10^12 at once"},
	"merge.maxScrapeInterval": {"15 * time.Minute", "Scrapers of `/metrics`", "15 minutes"},
	"merge.maxScrapers":       {"256", "Scrapers of `/metrics`", "256"},
	"merge.maxSelection":      {"16 << 10", "Names of services that a scraper asks for", "16 kB"},
	"merge.maxSilentDrift":    {"5 * time.Minute", "", "of a clock"},
	"merge.maxExposed":        {"1000", "", "of what is written as an event; what is more is committed instead"},
	"merge.maxUnmatched":      {"10_000", "Requests for `/metrics` of others", "10,000"},
	"merge.maxUnmatchedOfOne": {"500", "Requests for `/metrics` of others", "500"},
	"merge.maxVersions":       {"30", "Versions that are known of an exception", "30"},
	"merge.maxValue":          {"1 << 52", "The value of a series", "2^52"},
	"merge.maxZoneWindow":     {"2 * time.Minute", "", "of a clock"},

	"peers.longestName": {"256", "", "of what an answer calls a process or a replica"},
	"peers.maxAnswer":   {"8 << 20", "Peers that are asked", "8 MB"},
	"peers.maxCursors":  {"64", "Processes that peers are remembered by", "64"},
	"peers.maxOrdered":  {"10_000", "Processes of which it is known which pushed report", "10,000"},
	"peers.maxParts":    {"100", "Peers that are asked", "100 in a row"},
	"peers.maxPeers":    {"32", "Peers that are asked", "32 addresses"},
	"peers.maxWaiting":  {"32 << 20", "Pushed reports that wait to be passed on", "32 MB"},
	"peers.mostWait":    {"time.Second", "Pushed reports that wait to be passed on", "a second"},

	"periskop.MaxTotalCount":          {"1 << 53", "", "of a count: one that is larger is none"},
	"periskop.longest":                {"", "", "of a word of the format: nothing that is longer is one"},
	"periskop.longestPart":            {"8", "", "of how a text is cut"},
	"periskop.maxAggregates":          {"100_000", "aggregates of a report", "100,000"},
	"periskop.maxCauses":              {"200", "causes", "200"},
	"periskop.maxClass":               {"1 << 10", "a class", "1 kB"},
	"periskop.maxDepth":               {"10_000", "nesting", "10,000"},
	"periskop.maxInstance":            {"1 << 10", "", "of what another exporter tells, which has cut it"},
	"periskop.maxMarked":              {"4 << 20", "", "of an aggregate that is compared with the one before: a larger one is read every time"},
	"periskop.maxNesting":             {"1000", "", "of causes of causes, of which 200 are kept"},
	"periskop.maxLocations":           {"1000", "", "of names of time zones that are remembered; all are forgotten then"},
	"periskop.maxPlainName":           {"32", "", "of a word of the format: nothing that is longer is one"},
	"periskop.maxProcesses":           {"100_000", "processes of an exporter's report", "100,000"},
	"periskop.maxRecordedKeys":        {"100", "The exporter's own exceptions", "100 keys"},
	"periskop.maxRecordedOccurrences": {"10", "The exporter's own exceptions", "10 occurrences"},
	"periskop.maxRecentDepth":         {"64", "", "of a value that is compared with those before: what is nested deeper is read every time"},
	"periskop.maxSkew":                {"100 * 365 * 24 * time.Hour", "", "of a clock"},
	"periskop.maxTimeText":            {"120", "", "of a time: nothing that is longer is one"},
	"periskop.maxToken":               {"4 << 10", "", "of a number: nothing that is longer is one"},
	"periskop.maxRelayedLabels":       {"32", "", "of what another exporter tells, of which the configuration names what is kept"},
	"periskop.maxUUIDLen":             {"64", "a UUID of an occurrence", "64"},
	"periskop.most":                   {"", "", "of a time, or of what is quoted"},

	"scrape.littleAtOnce": {"64", "Reports with one exception", "64; 4; 1 at a time"},
	"scrape.maxDrained":   {"64 << 10", "", "of a body that is refused, so that the connection is kept"},
	"scrape.maxExcerpt":   {"120", "", "of the text of a problem"},
	"scrape.maxPacked":    {"littleBytes", "", "of a compressed body that is compared with the one before: a larger one is read every time"},
	"scrape.maxReason":    {"300", "", "of the text of a problem"},
	"scrape.maxRedirects": {"10", "Redirects of a scrape", "10"},
	"scrape.mostTurn":     {"2 * time.Second", "Reports with one exception", "2 s"},
	"scrape.someAtOnce":   {"4", "Reports with one exception", "64; 4; 1 at a time"},

	"store.maxBuffer":      {"1 << 20", "", "of a buffer that is used again"},
	"store.maxOccurrences": {"1 << 30", "", "of a record: one that has more is damaged"},
	"store.maxPayload":     {"256 << 20", "", "of a record: one that has more is damaged"},
	"store.maxWritten":     {"10_000", "Stack traces", "10,000"},

	"triage.MaxAtOnce":  {"10_000", "Exceptions that something is decided about at once", "10,000"},
	"triage.MaxHistory": {"50", "Decisions that are kept of an exception", "50,"},
	"triage.MaxReason":  {"1000", "Decisions that are kept of an exception", "a reason of 1000"},
	"triage.MaxUser":    {"254", "Decisions that are kept of an exception", "254 bytes"},
}

// TestBoundsAreToldOf holds the constants that bound something against the pages that list them.
func TestBoundsAreToldOf(t *testing.T) {
	root := filepath.Join("..", "..")
	found := map[string][]string{}
	for _, dir := range []string{"agents", "alerts/notify", "api", "cmd/periskop_exporter", "collector", "discovery", "export", "grouping", "merge", "peers", "periskop", "scrape", "store", "triage"} {
		for name, value := range constants(t, filepath.Join(root, dir)) {
			if boundName.MatchString(name) {
				found[dir+"."+name] = value
			}
		}
	}
	rows := append(tableRows(t, filepath.Join(root, "docs", "limits.md")), tableRows(t, filepath.Join(root, "docs", "wire-format.md"))...)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		b, ok := bounds[name]
		if !ok {
			t.Errorf("%s bounds something: list it in docs/limits.md, and here", name)
			continue
		}
		if b.value != "" && !slices.Equal(found[name], []string{b.value}) {
			t.Errorf("%s is %v, and was %s when docs/limits.md was written", name, found[name], b.value)
		}
		if b.row == "" {
			continue
		}
		if !slices.ContainsFunc(rows, func(row string) bool {
			return strings.HasPrefix(row, "| "+b.row) && strings.Contains(row, b.text)
		}) {
			t.Errorf("%s: no row %q says %q", name, b.row, b.text)
		}
	}
	for name := range bounds {
		if found[name] == nil {
			t.Errorf("there is no %s any more", name)
		}
	}
}

// constants returns the constants of a package, those in functions included, with their values
// as the code has them.
func constants(t *testing.T, dir string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]string{}
	fset := token.NewFileSet()
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(fset, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			decl, ok := n.(*ast.GenDecl)
			if !ok || decl.Tok != token.CONST {
				return true
			}
			for _, spec := range decl.Specs {
				v := spec.(*ast.ValueSpec)
				for i, name := range v.Names {
					if i < len(v.Values) {
						values[name.Name] = append(values[name.Name], source(t, fset, v.Values[i]))
					}
				}
			}
			return true
		})
	}
	if len(values) == 0 && filepath.Base(dir) != "collector" {
		t.Fatalf("%s has no constants", dir)
	}
	return values
}

func source(t *testing.T, fset *token.FileSet, e ast.Expr) string {
	t.Helper()
	var b strings.Builder
	if err := printer.Fprint(&b, fset, e); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(b.String())
}

func tableRows(t *testing.T, file string) []string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "| ") {
			rows = append(rows, line)
		}
	}
	return rows
}
