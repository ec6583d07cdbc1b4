package config

import (
	"errors"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/discovery"
	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
)

// discovery checks the block f of around, which belongs to one mechanism of service
// discovery.
func (c *checker) discovery(around *node, f field, key schemaKey) {
	n := f.value
	if !n.list() {
		c.check(n, key.typ)
		return
	}
	n.before = c.count
	for _, item := range n.items {
		c.item(item, key.typ)
		if !item.mapping() {
			continue
		}
		m := mechanisms[f.key]
		c.required(item, m.required...)
		for _, name := range m.urls {
			c.url(item, name, "http", "https")
		}
		for _, keys := range m.either {
			c.exclusive(item, keys...)
		}
		if m.choices != nil {
			c.choice(item, m.choices[0], m.choices[1:]...)
		}
		if m.check != nil {
			m.check(c, around, item)
		}
		c.decodable(item, key.typ.Elem())
	}
	n.sound = c.clean(n)
}

// decodable asks Prometheus for the mistakes that are left in n, an entry of the block
// of one mechanism.
func (c *checker) decodable(n *node, t reflect.Type) {
	if !c.clean(n) {
		return
	}
	v := reflect.New(t)
	if err := n.yaml.Decode(v.Interface()); err != nil {
		c.foreign(n, err)
	} else if reflect.Indirect(v.Elem()).IsZero() {
		c.add(n.line, n.path, "is empty; write its keys, or remove the dash")
	}
}

// discovered reports when n, a service or Alertmanager, discovers nothing.
func (c *checker) discovered(n *node) {
	known := c.catalog.of(reflect.TypeFor[rawService]()).names(true)
	if slices.ContainsFunc(known, func(name string) bool { return c.meant(n, name) }) {
		return
	}
	for _, f := range n.fields {
		if slices.Contains(known, f.key) {
			c.add(f.value.line, f.value.path, "is empty; write an entry below it, after a dash")
			return
		}
		if strings.HasSuffix(f.key, discoverySuffix) {
			return // It is reported as unknown.
		}
	}
	if strings.HasPrefix(n.path, "services[") {
		c.add(n.line, n.path, "has no service discovery; add for example static_configs or dns_sd_configs, or push: true if its reports are pushed")
		return
	}
	c.add(n.line, n.path, "has no service discovery; add for example static_configs or dns_sd_configs")
}

// foreign reports err, with which a type of Prometheus refused n.
func (c *checker) foreign(n *node, err error) {
	say := strings.TrimPrefix(err.Error(), "yaml: ")
	if errors.As(err, new(*yaml.TypeError)) {
		say = "it has a value of the wrong kind"
	}
	at := n
	for _, word := range keyWord.FindAllString(say, -1) {
		if v := n.get(word); v != nil {
			at = v
			break
		}
	}
	var broken *url.Error
	if errors.As(err, &broken) {
		say = "it has a value that is not a URL"
		for _, f := range n.fields {
			if f.value.scalar() && f.value.yaml.Value == broken.URL {
				at, say = f.value, "it is not a URL"
			}
		}
	}
	say = hideSecrets(redact.Hide(foreignPrefix.ReplaceAllString(say, "")), n)
	c.add(at.line, at.path, "is not accepted: %s; correct it, or see the documentation of Prometheus", say)
}

var (
	foreignPrefix = regexp.MustCompile(`^[a-z0-9]+_sd: |^[A-Za-z0-9]+ SD (configuration )?`)
	keyWord       = regexp.MustCompile(`[a-z][a-z0-9_]+`)
)

// decodeDiscovery returns the mechanisms of n, in which there are no mistakes.
func (c *checker) decodeDiscovery(n *node) discovery.Configs {
	var configs discovery.Configs
	if err := n.yaml.Decode(&configs); err != nil {
		c.foreign(n, err)
	}
	return configs
}
