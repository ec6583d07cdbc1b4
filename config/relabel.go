package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"
)

var relabelActions = []string{
	"replace", "keep", "drop", "keepequal", "dropequal", "hashmod", "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase",
}

// relabelKeys are those of a rule, in the order of Prometheus' documentation.
var relabelKeys = []string{"source_labels", "separator", "target_label", "regex", "modulus", "replacement", "action"}

// variable is the part of a replacement that a match fills in.
var variable = regexp.MustCompile(`\$(?:\{\w+\}|\w+)`)

// relabel reports what does not go together in the relabelling rule n.
func (c *checker) relabel(n *node) {
	action := strings.ToLower(n.text("action"))
	if action == "" {
		action = "replace"
	}
	switch action {
	case "replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal":
		if !c.meant(n, "target_label") {
			c.missing(n, "target_label", "the action %s needs it; add the name of a label", action)
		}
	case "keep", "drop":
		if n.has("regex") && !c.meant(n, "source_labels") {
			c.missing(n, "source_labels", "without it the regex has nothing to match; add for example source_labels: [env]")
		}
	}
	switch action {
	case "hashmod":
		if !c.meant(n, "modulus") || n.text("modulus") == "0" {
			c.missing(n, "modulus", "the action hashmod needs it; add for example modulus: 8")
		}
	case "lowercase", "uppercase":
		c.useless(n, action, "source_labels", "separator", "target_label", "regex", "modulus")
	case "keepequal", "dropequal":
		c.useless(n, action, "source_labels", "target_label")
	case "labeldrop", "labelkeep":
		c.useless(n, action, "regex")
	}
	c.relabelTarget(n, action)
	if strings.Contains(n.path, "metric_relabel_configs[") {
		c.metricName(n, action)
	}
	c.relabelRest(n)
}

// useless reports keys of the rule n that its action does not allow.
func (c *checker) useless(n *node, action string, allowed ...string) {
	for _, f := range n.fields {
		if slices.Contains(relabelKeys, f.key) && f.key != "action" && !slices.Contains(allowed, f.key) && !f.value.null() {
			c.add(f.value.line, f.value.path, "has no meaning for the action %s; remove it", action)
		}
	}
}

// relabelTarget reports when the rule n writes a label that no label can be called.
func (c *checker) relabelTarget(n *node, action string) {
	key := "target_label"
	if action == "labelmap" {
		key = "replacement"
	}
	v := n.get(key)
	if v == nil || !v.scalar() || v.yaml.Value == "" {
		return
	}
	name := v.yaml.Value
	if action == "labelmap" || action == "replace" {
		name = variable.ReplaceAllString(name, "x")
	}
	if err := checkLabelName(name); err != nil {
		c.add(v.line, v.path, "%s", checkLabelName(v.yaml.Value))
	}
}

// metricName reports when the rule n, for series, renames or unnames them.
func (c *checker) metricName(n *node, action string) {
	const fixed = "a series keeps its name; "
	key := "target_label"
	if action == "labelmap" {
		key = "replacement"
	}
	if v := n.get(key); n.text(key) == model.MetricNameLabel {
		c.add(v.line, v.path, fixed+"write another label than __name__")
	}
	v := n.get("regex")
	if v == nil || !v.scalar() {
		return
	}
	re, err := relabel.NewRegexp(v.yaml.Value)
	if err != nil {
		return
	}
	switch matches := re.MatchString(model.MetricNameLabel); {
	case action == "labeldrop" && matches:
		c.add(v.line, v.path, fixed+"write a regex that does not match __name__")
	case action == "labelkeep" && !matches:
		c.add(v.line, v.path, fixed+"write a regex that matches __name__ too, as __name__|%s", v.yaml.Value)
	}
}

// relabelRest asks Prometheus for what is left.
func (c *checker) relabelRest(n *node) {
	if !c.clean(n) {
		return
	}
	var rule relabel.Config
	if err := n.yaml.Decode(&rule); err != nil {
		c.foreign(n, err)
	} else if err := rule.Validate(model.UTF8Validation); err != nil {
		c.foreign(n, err)
	}
}
