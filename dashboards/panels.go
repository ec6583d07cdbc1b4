package dashboards

// prometheus is the data source that the variable of that name chooses.
var prometheus = dataSource{Type: "prometheus", UID: "${datasource}"}

// newPanel returns a panel without an ID and without a place.
func newPanel(kind, title, description string) *panel {
	return &panel{
		Type: kind, Title: title, Description: description,
		PluginVersion: pluginVersion, DataSource: &prometheus,
		FieldConfig: &fieldConfig{Overrides: []override{}},
	}
}

// ask adds a query.
func (p *panel) ask(t target) *panel {
	t.RefID = string(rune('A' + len(p.Targets)))
	t.DataSource = prometheus
	t.EditorMode = "code"
	p.Targets = append(p.Targets, t)
	return p
}

// stat is one number over the whole time shown.
func stat(title, description, unit, expr string, steps ...step) *panel {
	p := newPanel("stat", title, description)
	p.ask(target{Expr: expr, Format: "time_series", Instant: true, LegendFormat: title})
	p.FieldConfig.Defaults = field{
		Unit: unit, Color: &color{"thresholds"}, Thresholds: &thresholds{"absolute", steps}, NoValue: "–",
	}
	if unit == unitCount {
		p.FieldConfig.Defaults.Decimals = ptr(0)
	}
	p.Options = map[string]any{
		"colorMode": "value", "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "textMode": "value",
		"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
	}
	return p
}

// answer is a question that is answered with no or yes.
func answer(title, description, expr, no, yes string) *panel {
	p := stat(title, description, "bool_yes_no", expr, base("red"), from(1, "green"))
	text := func(value string, index int) map[string]any { return map[string]any{"text": value, "index": index} }
	p.FieldConfig.Defaults.Mappings = []mapping{{"value", map[string]any{"0": text(no, 0), "1": text(yes, 1)}}}
	return p
}

// graph is one or more lines over time, from zero up.
func graph(title, description, unit string) *panel {
	p := newPanel("timeseries", title, description)
	p.FieldConfig.Defaults = field{
		Unit: unit, Min: ptr(0.0), Color: &color{"palette-classic"},
		Custom: map[string]any{"drawStyle": "line", "fillOpacity": 10, "lineWidth": 1, "showPoints": "never", "spanNulls": false},
	}
	if top, ok := leastTop[unit]; ok {
		p.FieldConfig.Defaults.Custom["axisSoftMax"] = top
	}
	p.Options = map[string]any{
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}
	return p
}

// leastTop is how far axes go at least: without it, those of nothing but zeros go to 100.
var leastTop = map[string]float64{unitCount: 1, unitRate: 0.02}

// coloured gives series of these names their colours, whatever others there are.
func (p *panel) coloured(colours ...[2]string) *panel {
	for _, c := range colours {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{"byName", c[0]}, []property{
			{"color", map[string]any{"mode": "fixed", "fixedColor": c[1]}},
		}})
	}
	return p
}

// line adds a query whose series are named by the legend.
func (p *panel) line(expr, legend string) *panel {
	return p.ask(target{Expr: expr, LegendFormat: legend, Format: "time_series", Range: true})
}

// stacked stacks the lines, for parts of a whole.
func (p *panel) stacked() *panel {
	p.FieldConfig.Defaults.Custom["fillOpacity"] = 40
	p.FieldConfig.Defaults.Custom["stacking"] = map[string]any{"mode": "normal", "group": "A"}
	return p
}

// wideLegend gives each name a line of its own below the graph, with values.
func (p *panel) wideLegend() *panel {
	p.Options["legend"] = map[string]any{"displayMode": "table", "placement": "bottom", "showLegend": true, "calcs": []string{"max", "lastNotNull"}}
	return p
}

// A column is a field of a table: a label or the value of a query.
type column struct {
	field, title string
	properties   []property
}

// hidden is a field that the table does not show.
func hidden(field string) column { return column{field: field} }

// table merges the results of its queries, each row one set of labels.
func table(title, description string, columns []column, sortBy string, exprs ...string) *panel {
	p := newPanel("table", title, description)
	for _, expr := range exprs {
		p.ask(target{Expr: expr, Format: "table", Instant: true})
	}
	order := organize{ExcludeByName: map[string]bool{"Time": true}, IndexByName: map[string]int{}, RenameByName: map[string]string{}}
	for i, c := range columns {
		if c.title == "" {
			order.ExcludeByName[c.field] = true
			continue
		}
		order.IndexByName[c.field] = i
		order.RenameByName[c.field] = c.title
		if len(c.properties) > 0 {
			p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{"byName", c.title}, c.properties})
		}
	}
	p.Transformations = []transformation{{"merge", map[string]any{}}, {"organize", order}}
	p.FieldConfig.Defaults = field{Unit: unitText, Custom: map[string]any{"align": "auto", "filterable": true}}
	p.Options = map[string]any{
		"showHeader": true, "cellHeight": "sm",
		"sortBy": []map[string]any{{"displayName": sortBy, "desc": true}},
	}
	return p
}

// row is a heading.
func row(title string) *panel { return &panel{Type: "row", Title: title} }

// Units, as Grafana names them.
const (
	unitCount   = "short"
	unitRate    = "cps"
	unitShare   = "percentunit"
	unitText    = "string"
	unitSeconds = "s"
	unitBytes   = "bytes"
	unitAgo     = "dateTimeFromNow"
)

// from is a step of a threshold; base is its first.
func from(value float64, color string) step { return step{color, &value} }
func base(color string) step                { return step{Color: color} }

func ptr[T any](v T) *T { return &v }

// layout gives the panels their IDs and places, in bands from the top down.
func layout(bands ...band) []*panel {
	var out []*panel
	y := 0
	for _, b := range bands {
		x := 0
		for _, p := range b.panels {
			p.ID = len(out) + 1
			p.GridPos = gridPos{H: b.height, W: 24 / len(b.panels), X: x, Y: y}
			x += p.GridPos.W
			out = append(out, p)
		}
		y += b.height
	}
	return out
}

// A band is some panels of the same width, side by side.
type band struct {
	height int
	panels []*panel
}
