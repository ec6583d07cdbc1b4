package config

import (
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"
)

// steering are the labels that relabelling sets for what it does by itself. Those that
// begin with __param_ are among them.
var steering = []string{
	model.AddressLabel, model.SchemeLabel, model.MetricsPathLabel, model.ScrapeIntervalLabel, model.ScrapeTimeoutLabel,
	model.InstanceLabel, model.JobLabel, "service_name",
}

// unreadLabels warns of each label that the relabelling of targets sets and that nothing
// reads. root is that of a file without mistakes.
func (c *checker) unreadLabels(root *node) {
	for _, service := range root.get("services").items {
		kept := []*node{root.inherited(service, "group_by"), root.inherited(service, "occurrence_labels")}
		rules := service.get("relabel_configs")
		if rules == nil {
			continue
		}
		for i, rule := range rules.items {
			if name := labelSetBy(rule); name != "" && !kept[0].holds(name) && !kept[1].holds(name) && !slices.ContainsFunc(rules.items[i+1:], readerOf(name)) {
				v := rule.get("target_label")
				c.warn(v.line, v.path, "%s is set and never read; name it in group_by or occurrence_labels to have it on the exceptions, or set service_name to name the service of a target", quote(name))
			}
		}
	}
}

// inherited returns the field of a service, or, when it has none, that of the top level.
func (n *node) inherited(service *node, key string) *node {
	if service.has(key) {
		return service.field(key)
	}
	return n.field(key)
}

// labelSetBy returns the label that the rule sets, or "" when that is not known before
// it runs, or the label steers the scrape.
func labelSetBy(rule *node) string {
	name := rule.text("target_label")
	switch strings.ToLower(rule.text("action")) {
	case "", "replace", "hashmod", "lowercase", "uppercase":
	default:
		return ""
	}
	if slices.Contains(steering, name) || strings.HasPrefix(name, model.ParamLabelPrefix) || variable.MatchString(name) {
		return ""
	}
	return name
}

// readerOf returns what tells whether a rule reads the label.
func readerOf(name string) func(*node) bool {
	return func(rule *node) bool {
		switch strings.ToLower(rule.text("action")) {
		case "labelmap":
			re, err := relabel.NewRegexp(rule.text("regex"))
			return err != nil || rule.text("regex") == "" || re.MatchString(name)
		case "keepequal", "dropequal":
			return rule.text("target_label") == name || rule.get("source_labels").holds(name)
		}
		return rule.get("source_labels").holds(name)
	}
}

// holds reports whether the list n, which may be nil, has an item of that text.
func (n *node) holds(text string) bool {
	return n != nil && slices.ContainsFunc(n.items, func(item *node) bool { return item.scalar() && item.yaml.Value == text })
}
