package config

import (
	"regexp"
	"strconv"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// A node is a value in the file. Aliases and merge keys are resolved: below a node is
// a plain tree, every part of which knows where it is.
type node struct {
	yaml   *yaml.Node // the same value for decoding, without anchors and comments
	line   int        // where the key or dash is that the value belongs to
	path   string
	fields []field // of a mapping, in the order of the file
	items  []*node // of a list

	// What check knows of the value: how many mistakes came before it, that it has none
	// itself, the keys that it was probably meant to have, and that it is a secret.
	before   int
	sound    bool
	misspelt []string
	secret   bool

	// broken says that what is wrong with the value is reported already.
	broken bool
}

// A field is one key of a mapping with its value.
type field struct {
	key   string
	value *node
}

// field returns the value of key, or nil when the key is not written.
func (n *node) field(key string) *node {
	if n == nil {
		return nil
	}
	for _, f := range n.fields {
		if f.key == key {
			return f.value
		}
	}
	return nil
}

// get returns the value of key, or nil when the key is not written or has no value.
func (n *node) get(key string) *node {
	if v := n.field(key); v != nil && !v.null() {
		return v
	}
	return nil
}

func (n *node) has(key string) bool { return n.get(key) != nil }

// text returns the value of key when it is a scalar, else "".
func (n *node) text(key string) string {
	if v := n.get(key); v != nil && v.scalar() {
		return v.yaml.Value
	}
	return ""
}

func (n *node) scalar() bool  { return n.yaml.Kind == yaml.ScalarNode }
func (n *node) list() bool    { return n.yaml.Kind == yaml.SequenceNode }
func (n *node) mapping() bool { return n.yaml.Kind == yaml.MappingNode }
func (n *node) null() bool    { return n.scalar() && n.yaml.ShortTag() == "!!null" }

// empty reports whether n says nothing: it is nil, null, "", a list without items or a
// mapping without keys.
func (n *node) empty() bool {
	switch {
	case n == nil, n.null():
		return true
	case n.broken:
		return false
	case n.scalar():
		return n.yaml.Value == ""
	default:
		return len(n.yaml.Content) == 0
	}
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// join returns the path of key below path.
func join(path, key string) string {
	switch {
	case !plainKey.MatchString(key):
		return path + "[" + quote(key) + "]"
	case path == "":
		return key
	default:
		return path + "." + key
	}
}

// quote returns s as it appears in messages: on one line, and not too long for it.
func quote(s string) string {
	const most = 80
	if len(s) > most {
		cut := most
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strconv.Quote(s)
}

// put adds a key to the mapping n, which does not have it.
func (n *node) put(key string, value *node) {
	n.fields = append(n.fields, field{key: key, value: value})
	n.yaml.Content = append(n.yaml.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value.yaml)
}
