package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/periskop-exporter/periskop_exporter/config"
	"github.com/periskop-exporter/periskop_exporter/grouping"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// groupingOf returns the rules of a block; nil when it has none.
func groupingOf(b *config.Service) *grouping.Rules {
	if len(b.Grouping) == 0 {
		return nil
	}
	list := make([]grouping.Rule, len(b.Grouping))
	for i, r := range b.Grouping {
		for _, text := range r.Matchers {
			m, err := grouping.ParseMatcher(text)
			if err != nil {
				panic(err) // config has read it
			}
			list[i].Matchers = append(list[i].Matchers, m)
		}
		key, err := grouping.ParseTemplate(r.Key)
		if err != nil {
			panic(err) // likewise
		}
		list[i].Key = key
	}
	return grouping.New(list, b.OwnCode)
}

// groupBy returns what tells merge under which key exceptions are counted.
func groupBy(b *config.Service) func(merge.Sample) string {
	rules := groupingOf(b)
	if rules == nil {
		return nil
	}
	return func(s merge.Sample) string {
		key, _ := rules.Key(grouping.Exception(s))
		return key
	}
}

func (c *commands) addCheckGrouping() {
	var file, service string
	cmd := c.add("check-grouping", "Show what the rules of grouping make of a payload, which is read from standard input.", func(context.Context) error {
		return c.checkGrouping(file, service)
	})
	cmd.Flag("service", "The service whose rules are tried; not needed when all have the same.").StringVar(&service)
	cmd.Arg("file", "The configuration file.").Required().StringVar(&file)
}

func (c *commands) checkGrouping(file, service string) error {
	cfg, err := config.Load(file)
	if err != nil {
		return err
	}
	block, err := groupingBlock(cfg, service)
	if err != nil {
		return err
	}
	rules := groupingOf(block)
	if rules == nil {
		return fmt.Errorf("%s: the service %q has no grouping", file, block.Name)
	}
	body, err := io.ReadAll(io.LimitReader(c.stdin, maxChecked))
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	report, err := periskop.Decode(body)
	if err == nil && len(report.Aggregates) == 0 {
		err = errors.New("it has no aggregated_errors")
	}
	if err != nil {
		return fmt.Errorf("standard input is not what a client library serves, as curl -s http://localhost:8080/-/exceptions prints it: %w", err)
	}
	return printGroups(c.stdout, groupsOf(report, cfg, rules))
}

// groupingBlock returns the service of that name, or the only one, or any when the rules of all are
// the same.
func groupingBlock(cfg *config.Config, name string) (*config.Service, error) {
	for i := range cfg.Services {
		if cfg.Services[i].Name == name {
			return &cfg.Services[i], nil
		}
	}
	if name != "" {
		return nil, fmt.Errorf("--service: there is no service %q in the file", name)
	}
	first := &cfg.Services[0]
	for i := range cfg.Services {
		if s := &cfg.Services[i]; !reflect.DeepEqual(s.Grouping, first.Grouping) || !slices.Equal(s.OwnCode, first.OwnCode) {
			return nil, fmt.Errorf("--service: %q and %q have different rules; say whose are to be tried", first.Name, s.Name)
		}
	}
	return first, nil
}

// A foundGroup is what the rules make of some keys, and the rule that did; -1 for keys that stay as
// they are.
type foundGroup struct {
	key   string
	rule  int
	total uint64
	keys  []string
}

// groupsOf returns the groups with the most keys first, and keys that stay as they are at the end.
func groupsOf(r *periskop.Report, cfg *config.Config, rules *grouping.Rules) []foundGroup {
	hide := redactor(cfg.Redaction)
	at := map[string]int{}
	var list []foundGroup
	for i := range r.Aggregates {
		a := &r.Aggregates[i]
		e := grouping.Exception{Key: hide.Text(a.Key), Class: merge.ClassOf(a.Key)}
		for _, o := range a.Latest.Decode(nil) {
			if o = hide.Occurrence(o); e.Newest == nil || o.Timestamp.After(e.Newest.Timestamp) {
				e.Newest, e.Class = &o, cmp.Or(o.Error.Class, e.Class)
			}
		}
		key, rule := rules.Key(e)
		if rule < 0 {
			key = e.Key
		}
		group, known := at[key]
		if !known {
			group = len(list)
			at[key] = group
			list = append(list, foundGroup{key: key, rule: rule})
		}
		g := &list[group]
		g.rule, g.total = max(g.rule, rule), g.total+a.TotalCount
		if !slices.Contains(g.keys, e.Key) {
			g.keys = append(g.keys, e.Key)
		}
	}
	slices.SortStableFunc(list, func(a, b foundGroup) int {
		return cmp.Or(cmp.Compare(min(b.rule, 0), min(a.rule, 0)), cmp.Compare(len(b.keys), len(a.keys)), strings.Compare(a.key, b.key))
	})
	return list
}

func printGroups(w io.Writer, list []foundGroup) error {
	keys := 0
	for i := range list {
		keys += len(list[i].keys)
	}
	fmt.Fprintf(w, "%s: counted as %s\n\n", plural(keys, "key"), plural(len(list), "exception"))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KEY\tCOUNT\tRULE")
	for i := range list {
		g := &list[i]
		rule := "none"
		if g.rule >= 0 {
			rule = fmt.Sprintf("grouping[%d]", g.rule)
		}
		fmt.Fprintf(t, "%s\t%d\t%s\n", shownKey(g.key), g.total, rule)
		if len(g.keys) == 1 && g.keys[0] == g.key {
			continue
		}
		for _, key := range g.keys[:min(len(g.keys), maxRemarks)] {
			fmt.Fprintf(t, "  %s\t\t\n", shownKey(key))
		}
		if more := len(g.keys) - maxRemarks; more > 0 {
			fmt.Fprintf(t, "  and %d more\t\t\n", more)
		}
	}
	return t.Flush()
}

// shownKey is a key as it can be printed: what drives terminals is written out.
func shownKey(key string) string {
	quoted := strconv.Quote(merge.LabelValue(key, 200))
	return strings.ReplaceAll(strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`), `\\`, `\`)
}
