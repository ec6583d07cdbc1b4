package config

import (
	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/grouping"
)

// A GroupingRule says under which key exceptions are counted that all of its matchers fit.
type GroupingRule struct {
	Matchers []string // grouping.ParseMatcher reads them
	Key      string   // grouping.ParseTemplate reads it
}

type rawGroupingRule struct {
	Matchers []groupMatcher `yaml:"matchers"`
	Key      groupKey       `yaml:"key"`
}

func groupingRules(raw []rawGroupingRule) []GroupingRule {
	var list []GroupingRule
	for _, r := range raw {
		list = append(list, GroupingRule{Matchers: words(r.Matchers), Key: string(r.Key)})
	}
	return list
}

// groupingRule checks an entry of grouping.
func (c *checker) groupingRule(n *node) {
	c.required(n, "key: '{class}@{own_frame}'")
}

type groupMatcher string

func (m *groupMatcher) UnmarshalYAML(n *yaml.Node) error {
	if _, err := grouping.ParseMatcher(n.Value); err != nil {
		return err
	}
	*m = groupMatcher(n.Value)
	return nil
}

type groupKey string

func (k *groupKey) UnmarshalYAML(n *yaml.Node) error {
	if _, err := grouping.ParseTemplate(n.Value); err != nil {
		return err
	}
	*k = groupKey(n.Value)
	return nil
}
