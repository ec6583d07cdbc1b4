package dashboards

// What Grafana calls classic JSON, as far as it is used here. Members that are missing
// have Grafana's defaults.

// schemaVersion is that of Grafana 12. Nothing that is written here has changed since
// Grafana 10, which takes newer versions as they are.
const schemaVersion = 41

// pluginVersion tells the panels of Grafana that they need no migration from before
// that version.
const pluginVersion = "10.0.0"

type dashboard struct {
	// ID stays null: Grafana gives out its own.
	ID            *int          `json:"id"`
	UID           string        `json:"uid"`
	Title         string        `json:"title"`
	Description   string        `json:"description"`
	Tags          []string      `json:"tags"`
	Timezone      string        `json:"timezone"`
	Editable      bool          `json:"editable"`
	GraphTooltip  int           `json:"graphTooltip"`
	SchemaVersion int           `json:"schemaVersion"`
	Refresh       string        `json:"refresh"`
	Time          timeRange     `json:"time"`
	Links         []boardLink   `json:"links"`
	Annotations   annotationSet `json:"annotations"`
	Templating    variableSet   `json:"templating"`
	Panels        []*panel      `json:"panels"`
}

type timeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// A boardLink is a link at the top of the dashboard.
type boardLink struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	URL         string   `json:"url"`
	TargetBlank bool     `json:"targetBlank"`
	AsDropdown  bool     `json:"asDropdown"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
	Tags        []string `json:"tags"`
}

// A link is one of a value in a panel.
type link struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

type dataSource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type annotationSet struct {
	List []annotation `json:"list"`
}

type annotation struct {
	Name            string     `json:"name"`
	BuiltIn         int        `json:"builtIn,omitempty"`
	Type            string     `json:"type,omitempty"`
	DataSource      dataSource `json:"datasource"`
	Enable          bool       `json:"enable"`
	Hide            bool       `json:"hide"`
	IconColor       string     `json:"iconColor"`
	Expr            string     `json:"expr,omitempty"`
	Step            string     `json:"step,omitempty"`
	TitleFormat     string     `json:"titleFormat,omitempty"`
	TextFormat      string     `json:"textFormat,omitempty"`
	TagKeys         string     `json:"tagKeys,omitempty"`
	UseValueForTime bool       `json:"useValueForTime,omitempty"`
}

type variableSet struct {
	List []variable `json:"list"`
}

type variable struct {
	Name        string      `json:"name"`
	Label       string      `json:"label"`
	Description string      `json:"description"`
	Type        string      `json:"type"`
	Hide        int         `json:"hide"`
	DataSource  *dataSource `json:"datasource,omitempty"`
	Definition  string      `json:"definition,omitempty"`
	// Query is a string, or for queries of Prometheus a variableQuery.
	Query      any      `json:"query"`
	Regex      string   `json:"regex"`
	Refresh    int      `json:"refresh,omitempty"`
	Sort       int      `json:"sort,omitempty"`
	Multi      bool     `json:"multi"`
	IncludeAll bool     `json:"includeAll"`
	AllValue   string   `json:"allValue,omitempty"`
	Current    *choice  `json:"current,omitempty"`
	Options    []choice `json:"options"`
}

type variableQuery struct {
	Query string `json:"query"`
	RefID string `json:"refId"`
}

// A choice is a value of a variable. Text and Value are strings or lists of strings.
type choice struct {
	Selected bool `json:"selected"`
	Text     any  `json:"text"`
	Value    any  `json:"value"`
}

// Ways to hide a variable.
const (
	hideNothing  = 0
	hideVariable = 2
)

type panel struct {
	ID              int              `json:"id"`
	Type            string           `json:"type"`
	Title           string           `json:"title"`
	Description     string           `json:"description,omitempty"`
	PluginVersion   string           `json:"pluginVersion,omitempty"`
	DataSource      *dataSource      `json:"datasource,omitempty"`
	GridPos         gridPos          `json:"gridPos"`
	Targets         []target         `json:"targets,omitempty"`
	FieldConfig     *fieldConfig     `json:"fieldConfig,omitempty"`
	Options         map[string]any   `json:"options,omitempty"`
	Transformations []transformation `json:"transformations,omitempty"`
}

// A gridPos is where a panel is, on a grid that is 24 wide.
type gridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

type target struct {
	RefID        string     `json:"refId"`
	DataSource   dataSource `json:"datasource"`
	EditorMode   string     `json:"editorMode"`
	Expr         string     `json:"expr"`
	LegendFormat string     `json:"legendFormat,omitempty"`
	Format       string     `json:"format"`
	Instant      bool       `json:"instant"`
	Range        bool       `json:"range"`
	Exemplar     bool       `json:"exemplar,omitempty"`
}

type fieldConfig struct {
	Defaults  field      `json:"defaults"`
	Overrides []override `json:"overrides"`
}

type field struct {
	Unit       string         `json:"unit,omitempty"`
	Decimals   *int           `json:"decimals,omitempty"`
	Min        *float64       `json:"min,omitempty"`
	Max        *float64       `json:"max,omitempty"`
	NoValue    string         `json:"noValue,omitempty"`
	Color      *color         `json:"color,omitempty"`
	Thresholds *thresholds    `json:"thresholds,omitempty"`
	Mappings   []mapping      `json:"mappings,omitempty"`
	Links      []link         `json:"links,omitempty"`
	Custom     map[string]any `json:"custom,omitempty"`
}

// A mapping shows values as something else.
type mapping struct {
	Type    string         `json:"type"`
	Options map[string]any `json:"options"`
}

type color struct {
	Mode string `json:"mode"`
}

type thresholds struct {
	Mode  string `json:"mode"`
	Steps []step `json:"steps"`
}

// A step is the colour from a value on. The first step has no value.
type step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

type override struct {
	Matcher    matcher    `json:"matcher"`
	Properties []property `json:"properties"`
}

type matcher struct {
	ID      string `json:"id"`
	Options string `json:"options"`
}

type property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}

type transformation struct {
	ID      string `json:"id"`
	Options any    `json:"options"`
}

// organize is what the transformation of that name takes.
type organize struct {
	ExcludeByName map[string]bool   `json:"excludeByName"`
	IndexByName   map[string]int    `json:"indexByName"`
	RenameByName  map[string]string `json:"renameByName"`
}
