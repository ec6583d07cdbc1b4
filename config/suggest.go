package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// unknownKey reports the key f of n, which schema s does not have, and says which one
// was probably meant.
func (c *checker) unknownKey(n *node, f field, s *schema) {
	if c.full() {
		c.count++
		return
	}
	key := snakeCase(f.key)
	if why := meaningless[key]; why != "" {
		c.add(f.value.line, f.value.path, "has no meaning here: %s; remove it", why)
		return
	}
	c.add(f.value.line, f.value.path, "unknown key; %s", c.advise(n, key, s))
	if key, known := s.find(foreignKeys[key]); known && !key.discovery {
		c.check(f.value, key.typ) // What is in it may be wrong as well.
	}
}

func (c *checker) advise(n *node, key string, s *schema) string {
	names := slices.Concat(s.names(false), s.names(true))
	free := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return n.has(name) })
	if key == "sigv4" {
		return "requests signed for AWS are not supported; write another way to authenticate"
	}
	if near := nearest(key, free); near != "" && edits(squash(key), squash(near)) < 2 {
		return c.meantKey(n, near)
	}
	if name := foreignKeys[key]; name != "" {
		if _, ok := s.find(name); ok {
			return c.meantKey(n, name)
		}
		if s == c.serviceSchema() && c.scrapes(name) {
			return "write " + name + ", which belongs under services[].scraper"
		}
		if place := c.belongs(n, name, s); place != "" {
			return "write " + name + ", which " + place
		}
	}
	if _, ok := c.catalog.of(reflect.TypeFor[rawGroup]()).find(key); ok && !strings.Contains(n.path, "_configs[]") {
		return "it belongs under services[].static_configs[]"
	}
	if place := c.belongs(n, key, s); place != "" {
		return "it " + place
	}
	if file := strings.TrimSuffix(key, "_ref") + "_file"; file != key+"_file" && slices.Contains(names, file) {
		return "secret managers are not supported; write " + file
	}
	if near := nearest(key, free); near != "" {
		return c.meantKey(n, near)
	}
	if part := partOf(key, free); part != "" {
		return c.meantKey(n, part)
	}
	if near := nearest(key, slices.Concat(c.below(s, n), c.above())); near != "" {
		return "did you mean " + near + "? If so, it " + c.belongs(n, near, s)
	}
	if strings.HasSuffix(key, discoverySuffix) {
		return "this program has no such discovery; it has " + alternatives(s.names(true))
	}
	return "known here: " + strings.Join(listed(s), ", ")
}

func (c *checker) meantKey(n *node, name string) string {
	n.misspelt = append(n.misspelt, name)
	return "did you mean " + name + "?"
}

// listed returns the keys of s, without those that few mean, to keep the list short.
func listed(s *schema) []string {
	names := s.names(false)
	if sd := s.names(true); len(sd) > 0 {
		names = append(names, "static_configs", "*_sd_configs")
	}
	return names
}

// belongs says where key is known, or returns "" when it is known nowhere.
func (c *checker) belongs(n *node, key string, s *schema) string {
	homes := c.homes(n, key, s)
	switch {
	case len(homes) == 0:
		return ""
	case homes[0] == "":
		return "belongs at the top level"
	}
	return strings.ReplaceAll("belongs under "+alternatives(homes), "scrape_configs[]", "services[]")
}

// homes returns the paths of the mappings where key is known, the likeliest ones.
func (c *checker) homes(n *node, key string, s *schema) []string {
	here := anyIndex(n.path)
	if s == c.serviceSchema() && c.scrapes(key) && key != "refresh_interval" {
		return []string{join(here, "scraper")}
	}
	// A key of a block inside of this one, written too far out.
	if inside := c.search(key, here, s, n); len(inside) > 0 {
		return nearestHomes(inside, here)
	}
	// A key of a block around this one, written too far in.
	for i := len(c.around) - 2; i >= 0; i-- {
		if _, ok := c.around[i].schema.find(key); ok {
			return []string{anyIndex(c.around[i].path)}
		}
	}
	if strings.Contains(here, "_configs[]") {
		return nil // The blocks of Prometheus have no keys in common with others.
	}
	root := c.around[0].schema
	return nearestHomes(c.search(key, "", root, nil), here)
}

func (c *checker) serviceSchema() *schema { return c.catalog.of(reflect.TypeFor[rawService]()) }

// scrapes reports whether key is one of a scraper. Where it stands in a service, discovery
// may have a key of the same name, but who pastes a scrape configuration of Prometheus
// means the scrape. Only refresh_interval is no key of such a configuration.
func (c *checker) scrapes(key string) bool {
	_, known := c.catalog.of(reflect.TypeFor[rawScraper]()).find(key)
	return known
}

// search returns the paths of all mappings below s, which is at path, that have key.
func (c *checker) search(key, path string, s *schema, n *node) []string {
	var found []string
	for _, k := range s.keys {
		t, ok := inner(k, n)
		if !ok {
			continue
		}
		below := join(path, k.name)
		if deref(k.typ).Kind() == reflect.Slice {
			below += "[]"
		}
		if _, ok := c.catalog.of(t).find(key); ok {
			found = append(found, below)
		}
		found = append(found, c.search(key, below, c.catalog.of(t), nil)...)
	}
	return found
}

// below returns the keys of all mappings below s, into which search looks.
func (c *checker) below(s *schema, n *node) []string {
	var names []string
	for _, k := range s.keys {
		if t, ok := inner(k, n); ok {
			names = append(names, c.catalog.of(t).names(false)...)
			names = append(names, c.below(c.catalog.of(t), nil)...)
		}
	}
	return names
}

// above returns the keys of the mappings around the one being checked.
func (c *checker) above() []string {
	var names []string
	for _, e := range c.around {
		names = append(names, e.schema.names(false)...)
	}
	return names
}

// inner returns the type of the mappings that stand under k, with options for keys. It
// looks into blocks of discovery only when they are written in n.
func inner(k schemaKey, n *node) (reflect.Type, bool) {
	if k.discovery && !n.has(k.name) {
		return nil, false
	}
	t := deref(k.typ)
	if t.Kind() == reflect.Slice {
		t = deref(t.Elem())
	}
	return t, t.Kind() == reflect.Struct && valueKindOf(t) == mappingKind
}

// nearestHomes returns the paths that share most with here, and of these the shortest.
func nearestHomes(paths []string, here string) []string {
	distance := func(path string) int {
		shared := 0
		a, b := strings.Split(path, "."), strings.Split(here, ".")
		for shared < len(a) && shared < len(b) && a[shared] == b[shared] {
			shared++
		}
		return len(a) - 100*shared
	}
	var best []string
	for _, p := range paths {
		switch {
		case len(best) == 0 || distance(p) < distance(best[0]):
			best = []string{p}
		case distance(p) == distance(best[0]):
			best = append(best, p)
		}
	}
	return best
}

var index = regexp.MustCompile(`\[\d+\]`)

// anyIndex returns path without the numbers of list entries: services[].scraper.
func anyIndex(path string) string { return index.ReplaceAllString(path, "[]") }

// squash makes refreshInterval, Refresh-Interval and refresh_interval equal.
func squash(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(s))
}

// Nearest returns the word that s is probably a misspelling of, or "".
func Nearest(s string, words []string) string { return nearest(s, words) }

func nearest(s string, words []string) string {
	const longest = 60 // no key is longer, and the distance takes quadratic time
	if len(s) > longest {
		return ""
	}
	stem, isDiscovery := strings.CutSuffix(s, discoverySuffix)
	best, word := max(1, len(stem)/3)+1, ""
	for _, w := range words {
		if squash(w) == squash(s) {
			return w
		}
		// What all mechanisms have in common says nothing.
		other := w
		if isDiscovery {
			other = strings.TrimSuffix(w, discoverySuffix)
		}
		if d := edits(stem, other); d < min(best, len(other)) {
			best, word = d, w
		}
	}
	return word
}

const discoverySuffix = "_sd_configs"

// partOf returns the shortest of words that s is the beginning or another part of.
func partOf(s string, words []string) string {
	const shortest = 4 // below, it is a part by chance
	part := ""
	for _, w := range words {
		if len(s) >= shortest && strings.Contains(w, s) && (part == "" || len(w) < len(part)) {
			part = w
		}
	}
	return part
}

// edits returns how many letters have to be inserted, removed, replaced or swapped with
// the next one to get from a to b.
func edits(a, b string) int {
	var before, last []int
	for i := 0; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		for j := range row {
			switch {
			case i == 0 || j == 0:
				row[j] = i + j
				continue
			case a[i-1] == b[j-1]:
				row[j] = last[j-1]
			default:
				row[j] = 1 + min(last[j-1], last[j], row[j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
