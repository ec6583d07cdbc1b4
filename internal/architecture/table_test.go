package architecture

const module = "github.com/periskop-exporter/periskop_exporter"

// A row says what a package may import from this module. Its tests may import the
// package itself and internal/fleet as well.
type row struct {
	imports []string
	// everything is set for the one package that joins all others.
	everything bool
}

// table is the table "Who may import whom". Paths are relative to the module, and
// a path that ends in /... stands for all packages below it.
var table = map[string]row{
	"periskop":        {},
	"config":          {imports: []string{"grouping", "internal/redact"}},
	"internal/names":  {},
	"internal/frames": {},
	"internal/limit":  {},

	"discovery":       {imports: []string{"periskop", "internal/redact"}},
	"scrape":          {imports: []string{"periskop", "internal/redact", "internal/limit"}},
	"triage":          {},
	"grouping":        {imports: []string{"periskop", "internal/frames"}},
	"merge":           {imports: []string{"periskop", "triage"}},
	"internal/fleet":  {imports: []string{"periskop"}},
	"internal/redact": {imports: []string{"periskop", "internal/redact/corpus"}},

	"store": {imports: []string{"merge", "periskop", "triage"}},

	"collector":     {imports: []string{"merge", "periskop", "internal/names"}},
	"view":          {imports: []string{"merge", "periskop", "triage", "internal/names", "internal/frames"}},
	"api":           {imports: []string{"merge", "periskop", "triage", "internal/limit", "internal/names"}},
	"alerts":        {imports: []string{"merge", "periskop", "internal/names"}},
	"alerts/notify": {imports: []string{"merge", "periskop", "internal/names", "internal/frames"}},
	"peers":         {imports: []string{"merge", "periskop", "triage", "internal/names"}},
	"export":        {imports: []string{"merge", "periskop", "internal/names", "internal/redact"}},
	"agents":        {imports: []string{"merge", "periskop", "triage"}},
	"dashboards":    {imports: []string{"internal/names"}},

	"internal/demo":         {imports: []string{"periskop", "internal/names", "internal/fleet"}},
	"cmd/periskop_exporter": {everything: true},

	// No stages: what the redactor is measured on, this test, and the tests that run the built program.
	"internal/architecture":  {},
	"internal/redact/corpus": {},
	"test/...":               {imports: []string{"periskop", "internal/names", "internal/fleet", "test/..."}},
}

// A fence keeps a package from other modules, with all below it, to the packages
// that adapt it.
type fence struct {
	path   string
	within []string
	// linked is set when no other package may depend on it even through a third.
	linked bool
}

var fences = []fence{
	{path: "github.com/prometheus/prometheus/discovery", within: []string{"discovery", "config"}},
	{path: "github.com/prometheus/prometheus/discovery/install", within: []string{"cmd/periskop_exporter"}, linked: true},
	{path: "github.com/prometheus/prometheus/plugins", within: []string{"cmd/periskop_exporter"}, linked: true},
}

// vague are names that do not tell what a package provides.
var vague = map[string]bool{
	"base": true, "common": true, "helper": true, "helpers": true, "lib": true, "misc": true, "pkg": true,
	"shared": true, "type": true, "types": true, "util": true, "utils": true,
}
