package config

import (
	"bytes"
	"regexp"

	"gopkg.in/yaml.v3"
)

// hidden is what stands for a secret, as in Prometheus.
const hidden = "<secret>"

// redact returns n as YAML, without secrets.
func redact(n *node) string {
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
		y.Value = hideURLs(y.Value)
		if secretValue(n, key) {
			y = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: hidden}
		}
	}
	for _, item := range n.items {
		y.Content = append(y.Content, shown(item, key))
	}
	for _, f := range n.fields {
		name := f.key
		if name == "values" {
			name = key // The values of a header are as secret as its name says.
		}
		y.Content = append(y.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: f.key}, shown(f.value, name))
	}
	return &y
}

var (
	secretWord = regexp.MustCompile(`(?i)passw|passphrase|secret|token|credential|cookie|api[-_]?key|private[-_]?key|^authorization$|signature$`)

	// namesSecret are the endings of keys that say where a secret is, or what it is called.
	namesSecret = regexp.MustCompile(`(?i)[-_](file|file_path|path|url|ref|name|id)$`)

	urlPassword = regexp.MustCompile(`(://[^/?#\s:@]*):[^/?#\s]*@`)
	urlSecret   = regexp.MustCompile(`(?i)([?&][^=&#\s]*(?:passw|secret|token|key|signature)[^=&#\s]*=)[^&#\s]+`)
)

// secretValue reports whether n, the value of key, is to be hidden: by its type, or since
// its user gave it a name, as that of a header or query parameter, that says so.
func secretValue(n *node, key string) bool {
	if n.empty() {
		return false
	}
	return n.secret || secretWord.MatchString(key) && !namesSecret.MatchString(key)
}

// hideURLs hides the passwords of URLs in s, and the query parameters that are secrets.
func hideURLs(s string) string {
	s = urlPassword.ReplaceAllString(s, "$1:"+hidden+"@")
	return urlSecret.ReplaceAllString(s, "${1}"+hidden)
}

// hideSecrets hides the secrets in n where they stand in s as whole words: a short one
// may be part of any.
func hideSecrets(s string, n *node) string {
	for _, secret := range secretsOf(n) {
		word := regexp.MustCompile(`(^|\W)` + regexp.QuoteMeta(secret) + `($|\W)`)
		s = word.ReplaceAllString(s, "${1}"+hidden+"${2}")
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
