package config

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// Bounds on a file, so that a hostile or broken one costs little. A file with ten
// thousand static targets is well below all of them.
const (
	maxBytes = 4 << 20
	maxNodes = 250_000 // with aliases written out
	maxDepth = 64      // Prometheus' own configuration goes a dozen levels deep
	maxKeys  = 10_000  // of one mapping: yaml.v3 compares every key with every other
)

// An aliasResolver makes a tree of what the parser returns, with aliases written out.
type aliasResolver struct {
	*mistakes
	nodes   int
	open    map[*yaml.Node]bool // anchors whose aliases are being written out
	stopped bool                // by a mistake past which there is no tree
}

const sayInside = "the alias *%s stands inside of what it stands for; write the value out"

// resolveAliases returns y as a tree without aliases, or nil when there is a mistake that
// leaves none.
func resolveAliases(found *mistakes, y *yaml.Node) *node {
	r := &aliasResolver{mistakes: found, open: make(map[*yaml.Node]bool)}
	n := r.node(y, y.Line, "", 0)
	if r.stopped {
		return nil
	}
	return n
}

func (r *aliasResolver) stop(line int, path, format string, args ...any) {
	if !r.stopped {
		r.add(line, path, format, args...)
	}
	r.stopped = true
}

func (r *aliasResolver) node(y *yaml.Node, line int, path string, depth int) *node {
	r.nodes++
	switch {
	case r.nodes > maxNodes:
		r.stop(line, path, "the file has more than %d values, with aliases written out; list targets in files of their own, see file_sd_configs", maxNodes)
	case depth > maxDepth:
		r.stop(line, path, "is nested more than %d levels deep; no option is that deep", maxDepth)
	case y.Kind == yaml.AliasNode && r.open[y.Alias]:
		r.stop(line, path, sayInside, y.Value)
	}
	n := &node{line: line, path: path}
	if r.stopped {
		n.yaml = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
		return n
	}
	if y.Kind == yaml.AliasNode {
		r.open[y.Alias] = true
		defer delete(r.open, y.Alias)
		return r.node(y.Alias, line, path, depth)
	}
	n.yaml = &yaml.Node{Kind: y.Kind, Tag: y.Tag, Value: y.Value, Style: y.Style, Line: line, Column: y.Column}
	r.tag(n)
	switch y.Kind {
	case yaml.SequenceNode:
		r.list(n, y, depth)
	case yaml.MappingNode:
		r.mapping(n, y, depth)
	}
	return n
}

// tag leaves no explicit tag: they change what a value is, and no option needs one.
func (r *aliasResolver) tag(n *node) {
	if n.yaml.Style&yaml.TaggedStyle == 0 {
		return
	}
	n.yaml.Style &^= yaml.TaggedStyle
	if n.yaml.Tag != "!!str" || !n.scalar() {
		r.stop(n.line, n.path, "the tag %s is not supported; remove it", n.yaml.Tag)
		return
	}
	n.yaml.Style |= yaml.DoubleQuotedStyle
}

func (r *aliasResolver) list(n *node, y *yaml.Node, depth int) {
	for i, item := range y.Content {
		child := r.node(item, item.Line, fmt.Sprintf("%s[%d]", n.path, i), depth+1)
		if r.stopped {
			return
		}
		n.items = append(n.items, child)
		n.yaml.Content = append(n.yaml.Content, child.yaml)
	}
}

func (r *aliasResolver) mapping(n *node, y *yaml.Node, depth int) {
	if len(y.Content)/2 > maxKeys {
		r.stop(n.line, n.path, "has more than %d keys; no option needs that many", maxKeys)
		return
	}
	lines := make(map[string]int, len(y.Content)/2)
	var merged []*yaml.Node
	for i := 0; i+1 < len(y.Content) && !r.stopped; i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		if k.Kind == yaml.ScalarNode && k.Value == "<<" && k.ShortTag() == "!!merge" {
			merged = append(merged, v)
			continue
		}
		key, ok := r.key(n, k)
		if !ok {
			continue
		}
		path := join(n.path, key)
		if first, again := lines[key]; again {
			r.add(k.Line, path, "is written a second time, after line %d; keep one of the two", first)
			continue
		}
		lines[key] = k.Line
		n.put(key, r.node(v, k.Line, path, depth+1))
	}
	for _, m := range merged {
		r.merge(n, m, lines, depth)
	}
}

// key returns the text of the key k of n.
func (r *aliasResolver) key(n *node, k *yaml.Node) (string, bool) {
	line := k.Line
	if k.Kind == yaml.AliasNode {
		k = k.Alias
	}
	switch {
	case k.Kind == yaml.MappingNode:
		r.add(line, n.path, sayTemplate)
	case k.Kind != yaml.ScalarNode:
		r.add(line, n.path, "has a key that is a list itself; put text that begins with { or [ in quotes")
	case k.Value == "" || k.ShortTag() == "!!null":
		r.add(line, n.path, "has a key without a name; write one before the colon")
	default:
		return k.Value, true
	}
	n.broken = true
	return "", false
}

// merge adds to n what a merge key << brings: the keys that n lacks, the first of
// several mappings winning.
func (r *aliasResolver) merge(n *node, y *yaml.Node, lines map[string]int, depth int) {
	switch y.Kind {
	case yaml.AliasNode:
		if r.open[y.Alias] {
			r.stop(y.Line, n.path, sayInside, y.Value)
			return
		}
		r.open[y.Alias] = true
		defer delete(r.open, y.Alias)
		r.merge(n, y.Alias, lines, depth)
	case yaml.SequenceNode:
		for _, item := range y.Content {
			r.merge(n, item, lines, depth+1)
		}
	case yaml.MappingNode:
		from := r.node(y, y.Line, n.path, depth+1)
		for _, f := range from.fields {
			if _, ok := lines[f.key]; !ok {
				lines[f.key] = f.value.line
				n.put(f.key, f.value)
			}
		}
	default:
		r.add(y.Line, n.path, "merges (<<) something that is not a mapping; write << with an alias of a mapping")
	}
}
