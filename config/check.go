package config

import (
	"reflect"
	"slices"
	"strings"

	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/model/relabel"
)

// A checker walks the file and its types side by side and collects what does not fit.
type checker struct {
	*mistakes
	catalog catalog

	// dir is what relative paths of files are relative to; nil when files are not looked at.
	dir *string

	// around has the mappings that the one being checked stands in, the file first.
	around []enclosing
}

type enclosing struct {
	path   string
	schema *schema
}

func newChecker(found *mistakes) *checker {
	return &checker{mistakes: found, catalog: make(catalog)}
}

// check reports all mistakes in n as a value of type t.
func (c *checker) check(n *node, t reflect.Type) {
	n.before = c.count
	defer func() { n.sound = c.clean(n) }()
	t = deref(t)
	if n.null() || n.broken {
		return // A key without a value is as good as not written.
	}
	switch valueKindOf(t) {
	case scalarKind:
		c.scalar(n, t)
	case listKind:
		c.list(n, t)
	case mappingKind:
		c.mapping(n, t)
	case anyKind: // nothing to check
	}
}

// clean reports whether no mistake was found in n since check began with it.
func (c *checker) clean(n *node) bool { return c.count == n.before }

func (c *checker) list(n *node, t reflect.Type) {
	if !n.list() {
		c.wrongKind(n, "a list", listAdvice(n, t))
		return
	}
	for _, item := range n.items {
		c.item(item, t)
	}
}

// item checks n, which stands in a list of type t.
func (c *checker) item(n *node, t reflect.Type) {
	if n.null() {
		c.add(n.line, n.path, "is empty; write a value after the dash, or remove the dash")
	}
	c.check(n, t.Elem())
}

func (c *checker) mapping(n *node, t reflect.Type) {
	s := c.catalog.of(t)
	if !n.mapping() {
		c.wrongKind(n, "a mapping", mappingAdvice(n, s))
		return
	}
	c.around = append(c.around, enclosing{n.path, s})
	for _, f := range n.fields {
		key, known := s.find(f.key)
		switch {
		case known && key.discovery:
			c.discovery(n, f, key)
		case known:
			c.check(f.value, key.typ)
			c.fileKey(f, s)
		case s.rest != nil:
			c.freeKey(f, t)
			c.check(f.value, s.rest)
		default:
			c.unknownKey(n, f, s)
		}
	}
	for _, typ := range s.types {
		c.rules(n, typ)
	}
	c.around = c.around[:len(c.around)-1]
}

// freeKey checks a key that its user chose, in a mapping of type t.
func (c *checker) freeKey(f field, t reflect.Type) {
	if t.Kind() != reflect.Map || t.Key() != reflect.TypeFor[labelName]() {
		return
	}
	if err := checkLabelName(f.key); err != nil {
		c.add(f.value.line, f.value.path, "%s", err)
	}
}

// rules reports what is wrong between the keys of n, a value of type t.
func (c *checker) rules(n *node, t reflect.Type) {
	switch t {
	case reflect.TypeFor[rawConfig]():
		c.config(n)
	case reflect.TypeFor[rawRepository]():
		c.repository(n)
	case reflect.TypeFor[rawService]():
		c.service(n)
	case reflect.TypeFor[rawGlobal]():
		c.timing(n.get("scraper"), n.get("scraper"))
	case reflect.TypeFor[rawSourceLink]():
		c.sourceLink(n)
	case reflect.TypeFor[rawGroupingRule]():
		c.groupingRule(n)
	case reflect.TypeFor[rawLink]():
		c.link(n)
	case reflect.TypeFor[rawLimits]():
		c.limits(n)
	case reflect.TypeFor[rawAlerting]():
		c.alerting(n)
	case reflect.TypeFor[rawExport]():
		c.required(n, "otlp: with endpoint below it")
	case reflect.TypeFor[rawOTLP]():
		c.otlp(n)
	case reflect.TypeFor[rawAlertmanager](), reflect.TypeFor[rawPeers]():
		c.discovered(n)
	case reflect.TypeFor[relabel.Config]():
		c.relabel(n)
	case reflect.TypeFor[commonconfig.HTTPClientConfig]():
		c.httpClient(n)
	case reflect.TypeFor[commonconfig.ProxyConfig]():
		c.proxy(n)
	case reflect.TypeFor[commonconfig.TLSConfig]():
		c.tls(n)
	case reflect.TypeFor[commonconfig.BasicAuth]():
		c.basicAuth(n)
	case reflect.TypeFor[commonconfig.Authorization]():
		c.authorization(n)
	case reflect.TypeFor[commonconfig.OAuth2]():
		c.oauth2(n)
	case reflect.TypeFor[commonconfig.Headers]():
		c.headers(n)
	}
}

// required reports each of keys that n lacks. A key comes with an example of its value,
// as type: SRV.
func (c *checker) required(n *node, keys ...string) {
	for _, key := range keys {
		name, example, _ := strings.Cut(key, ": ")
		if c.meant(n, name) {
			continue
		}
		if v := n.field(name); v != nil {
			c.add(v.line, v.path, "is empty; write for example %s: %s", name, example)
			continue
		}
		c.missing(n, name, "add for example %s: %s", name, example)
	}
}

// missing reports that n lacks key.
func (c *checker) missing(n *node, key, format string, args ...any) {
	c.add(n.line, join(n.path, key), "is missing; "+format, args...)
}

// meant reports whether key has a value in n, or probably under another spelling.
func (c *checker) meant(n *node, key string) bool {
	return slices.Contains(n.misspelt, key) || !n.get(key).empty()
}

// exclusive reports those of keys that n has beside another of them.
func (c *checker) exclusive(n *node, keys ...string) {
	var first *node
	var name string
	for _, f := range n.fields {
		if f.value.empty() || !slices.Contains(keys, f.key) {
			continue
		}
		if first != nil {
			c.add(f.value.line, f.value.path, "cannot stand beside %s (line %d); keep only one of the two", name, first.line)
			continue
		}
		first, name = f.value, f.key
	}
}

// wrongKind reports that n is something else than wanted. It does not show the value:
// in the wrong place it may be a secret.
func (c *checker) wrongKind(n *node, wanted, advice string) {
	is := "a single value"
	switch {
	case n.list():
		is = "a list"
	case n.mapping():
		is = "a mapping"
	}
	c.add(n.line, n.path, "is %s and has to be %s; %s", is, wanted, advice)
}

func listAdvice(n *node, t reflect.Type) string {
	switch {
	case n.mapping():
		return "put a dash before each entry, as - key: value"
	case valueKindOf(deref(t.Elem())) == mappingKind:
		return "write its entries below it, each after a dash, as - key: value"
	}
	return "write [a, b], or one entry a line, each after a dash"
}

func mappingAdvice(n *node, s *schema) string {
	if n.list() {
		return "write its keys below it, without dashes"
	}
	key, _, _ := strings.Cut(n.yaml.Value, ":")
	if _, ok := s.find(key); ok {
		return "write a space after the colon, as " + key + ": value"
	}
	return "write its keys below it, one a line, as key: value"
}

func scalarAdvice(n *node) string {
	switch {
	case strings.HasSuffix(n.path, "]") && n.mapping():
		return "write one value; if it has a colon, then without a space behind it"
	case strings.HasSuffix(n.path, "]"):
		return "write one value"
	case n.list():
		return "write it after the colon, without brackets or dash"
	}
	return "write it after the colon, in the same line"
}
