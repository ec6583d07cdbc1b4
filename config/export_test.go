package config

import (
	"reflect"
	"slices"
	"strings"

	commonconfig "github.com/prometheus/common/config"
)

// Keys returns the paths of all keys that a file may have, as services[].scraper.timeout,
// without those inside of discovery blocks, relabelling rules and headers. What stands
// in several places, it has once: scrapers, HTTP clients and discovery under services.
func Keys() []string {
	var paths []string
	walkKeys(make(catalog), reflect.TypeFor[rawConfig](), "", &paths)
	return paths
}

// closed are keys whose blocks Keys does not look into.
var closed = []string{"relabel_configs", "metric_relabel_configs", "alert_relabel_configs", "http_headers", "headers"}

func walkKeys(c catalog, t reflect.Type, path string, paths *[]string) {
	for _, k := range c.of(t).keys {
		below := join(path, k.name)
		if path == "global.scraper" || path == "alerting.alertmanagers[]" && (k.discovery || isClientKey(c, k.name)) {
			continue
		}
		_, client := c.of(reflect.TypeFor[commonconfig.HTTPClientConfig]()).find(k.name)
		if client && (path == "export.otlp" || path == "peers") || k.discovery && path == "peers" {
			continue
		}
		*paths = append(*paths, below)
		inner, ok := inner(k, nil)
		if !ok || slices.Contains(closed, k.name) {
			continue
		}
		if deref(k.typ).Kind() == reflect.Slice {
			below += "[]"
		}
		walkKeys(c, inner, below, paths)
	}
}

func isClientKey(c catalog, name string) bool {
	_, ok := c.of(reflect.TypeFor[rawScraper]()).find(name)
	return ok && name != "scheme" && name != "timeout"
}

// KeysIn returns the paths of all keys in the YAML text, in the form of Keys.
func KeysIn(text string) ([]string, error) {
	found := &mistakes{file: "text"}
	root := parseText(found, []byte(text))
	if err := found.err(); err != nil {
		return nil, err
	}
	var paths []string
	var walk func(n *node)
	walk = func(n *node) {
		if n.path != "" {
			paths = append(paths, anyIndex(n.path))
		}
		for _, item := range n.items {
			walk(item)
		}
		for _, f := range n.fields {
			walk(f.value)
		}
	}
	walk(root)
	return paths, nil
}

// UnknownMechanismKeys returns what the table of mechanisms says of keys that the
// mechanism does not have, for those that are registered.
func UnknownMechanismKeys() []string {
	var unknown []string
	c := make(catalog)
	for _, k := range discoveryKeys() {
		m := mechanisms[k.name]
		names := slices.Concat(append(m.either, m.urls)...)
		for _, r := range m.required {
			name, _, _ := strings.Cut(r, ": ")
			names = append(names, name)
		}
		if m.choices != nil {
			names = append(names, m.choices[0])
		}
		for _, name := range names {
			if _, ok := c.of(deref(k.typ.Elem())).find(name); !ok {
				unknown = append(unknown, k.name+"."+name)
			}
		}
	}
	return unknown
}
