package config

import "time"

// config checks what no block shows by itself.
func (c *checker) config(n *node) {
	const write = "with at least one service below, as - name: myservice"
	services := n.field("services")
	switch {
	case c.meant(n, "services"):
	case services != nil:
		c.add(services.line, services.path, "is empty; write it "+write)
	default:
		c.missing(n, "services", "add it "+write)
	}
	c.different(n.get("group_by"))
	c.different(n.get("own_code"))
	c.occurrenceLabels(n.get("occurrence_labels"))
	if services == nil {
		return
	}
	global := n.get("global").get("scraper")
	first := make(map[string]*node)
	for _, s := range services.items {
		c.uniqueName(s, first)
		c.inherited(global, s.get("scraper"))
	}
}

func (c *checker) uniqueName(service *node, first map[string]*node) {
	name := service.get("name")
	if name == nil || !name.sound {
		return
	}
	text := name.yaml.Value
	if other := first[text]; other != nil {
		c.add(name.line, name.path, "%s is the name of another service already (line %d); give each a name of its own", quote(text), other.line)
		return
	}
	first[text] = name
}

// inherited checks the scraper of a service with what it has from global.
func (c *checker) inherited(global, scraper *node) {
	merged := mergeScrapers(global, scraper)
	c.timing(scraper, merged)
	c.proxyComplete(merged)
}

// timing reports a timeout that n sets and that is longer than the interval in merged,
// which is n with what it has from elsewhere. A timeout from elsewhere is cut down.
func (c *checker) timing(n, merged *node) {
	timeout, interval := n.get("timeout"), merged.get("refresh_interval")
	if timeout == nil || !timeout.sound || interval != nil && !interval.sound {
		return
	}
	most, is := time.Duration(defaultInterval), "30s when not written"
	if interval != nil {
		most, _ = parseDuration(interval.yaml.Value)
		is = interval.yaml.Value
	}
	if d, _ := parseDuration(timeout.yaml.Value); d > most {
		c.add(timeout.line, timeout.path, "%s is longer than refresh_interval, which is %s; write at most that, or a longer refresh_interval", quote(timeout.yaml.Value), is)
	}
}

func (c *checker) repository(n *node) {
	kind := n.text("type")
	if kind == "" {
		c.required(n, "type: memory")
	}
	path := n.get("path")
	switch {
	case kind == "memory" || kind == "":
	case !c.meant(n, "path"):
		c.missing(n, "path", "the type %s needs it; add path, or write type: memory", kind)
	case kind != "sqlite" && path != nil:
		path.secret = true // With the password of the database.
	}
}

func (c *checker) service(n *node) {
	c.required(n, "name: myservice")
	if push := n.get("push"); push == nil || push.sound && isFalse(push.yaml.Value) {
		c.discovered(n)
	}
	c.different(n.get("group_by"))
	c.different(n.get("own_code"))
	c.occurrenceLabels(n.get("occurrence_labels"))
}

// occurrenceLabels checks the labels that occurrences keep, of which each is held some ten times
// for every exception.
func (c *checker) occurrenceLabels(n *node) {
	const most = 16
	c.different(n)
	if n != nil && len(n.items) > most {
		c.add(n.line, n.path, "has %d labels; write the %d or fewer that tell where an exception comes from", len(n.items), most)
	}
}

// different reports entries of the list n that are equal to an earlier one.
func (c *checker) different(n *node) {
	if n == nil {
		return
	}
	seen := make(map[string]bool)
	for _, item := range n.items {
		if item.sound && seen[item.yaml.Value] {
			c.add(item.line, item.path, "%s stands in the list already; remove it here", quote(item.yaml.Value))
		}
		seen[item.yaml.Value] = true
	}
}

func (c *checker) limits(n *node) {
	// A label that is cut ends in a tilde and a hash of 16 digits.
	const shortest = 32
	v := n.get("label_length")
	var length count
	if v != nil && v.sound && v.yaml.Decode(&length) == nil && length < shortest {
		c.add(v.line, v.path, "%d leaves no room for a key beside the hash that it ends in when cut; write %d or more", length, shortest)
	}
	// Below that not even a stack trace of ordinary length is left.
	const smallest = 4 << 10
	v = n.get("occurrence_size")
	var size byteSize
	if v != nil && v.sound && v.yaml.Decode(&size) == nil && size != 0 && size < smallest {
		c.add(v.line, v.path, "%s leaves no room for a stack trace; write 4KB or more, or 0 for the default", v.yaml.Value)
	}
}

func (c *checker) alerting(n *node) {
	if !c.meant(n, "alertmanagers") {
		c.missing(n, "alertmanagers", "add alertmanagers: with one entry or more")
	}
}
