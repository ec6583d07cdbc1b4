package config

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
)

// safeText returns n as YAML, without secrets.
func safeText(n *node) string {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(shown(n, "")); err != nil {
		return "# the configuration cannot be shown: " + err.Error() + "\n"
	}
	return b.String()
}

// shown returns what of n, the value of key, may be shown.
func shown(n *node, key string) *yaml.Node {
	y := *n.yaml
	y.Content = nil
	if n.scalar() {
		y.Value = redact.Hide(y.Value)
		if secretValue(n, key) {
			y = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: redact.Hidden}
		}
	}
	for _, item := range n.items {
		y.Content = append(y.Content, shown(item, key))
	}
	for _, f := range n.fields {
		y.Content = append(y.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: f.key}, shown(f.value, nameOf(f.key, key, n)))
	}
	return &y
}

// nameOf returns the name that tells how secret the value of a key of n is, which is the
// value of around.
func nameOf(key, around string, n *node) string {
	switch {
	case around == "params":
		return model.ParamLabelPrefix + key
	case key == "values":
		return around // The values of a header are as secret as its name says.
	case key == "replacement": // And that of a label as the label's.
		for _, f := range n.fields {
			if f.key == "target_label" && f.value.scalar() {
				return f.value.yaml.Value
			}
		}
	}
	return key
}

// namesSecret are the endings of keys that say where a secret is, or what it is called.
var namesSecret = regexp.MustCompile(`(?i)[-_](file|file_path|path|url|ref|name|id)$`)

// secretValue reports whether n, the value of key, is to be redact.Hidden: by its type, or since
// its user gave it a name, as that of a header, that says so. Parameters are, as in URLs,
// whatever their names.
func secretValue(n *node, key string) bool {
	if n.empty() {
		return false
	}
	return n.secret || strings.HasPrefix(key, model.ParamLabelPrefix) || redact.IsSecretName(key) && !namesSecret.MatchString(key)
}

// hideSecrets hides the secrets in n where they stand in s as whole words: a short one
// may be part of any.
func hideSecrets(s string, n *node) string {
	for _, secret := range secretsOf(n) {
		word := regexp.MustCompile(`(^|\W)` + regexp.QuoteMeta(secret) + `($|\W)`)
		s = word.ReplaceAllString(s, "${1}"+redact.Hidden+"${2}")
	}
	return s
}

// secretsOf returns the texts in n that are secrets.
func secretsOf(n *node) []string {
	var list []string
	if n.secret && n.scalar() && n.yaml.Value != "" {
		list = append(list, n.yaml.Value)
	}
	for _, item := range n.items {
		list = append(list, secretsOf(item)...)
	}
	for _, f := range n.fields {
		list = append(list, secretsOf(f.value)...)
	}
	return list
}
