package config

import (
	"regexp"
	"slices"
)

// clusterKeys are those that work without a URL of the API.
var clusterKeys = []string{"role", "namespaces", "selectors", "attach_metadata", "follow_redirects", "enable_http2"}

func checkKubernetes(c *checker, _, n *node) {
	c.exclusive(n, "kubeconfig_file", "api_server")
	outside := n.has("kubeconfig_file") || n.has("api_server")
	if own := n.get("namespaces").get("own_namespace"); outside && own != nil && own.sound && !isFalse(own.yaml.Value) {
		c.add(own.line, own.path, "means nothing outside of the cluster; remove it, or remove api_server and kubeconfig_file")
	}
	c.selectors(n)
	for _, f := range n.fields {
		switch {
		case !f.value.sound || f.value.null() || slices.Contains(clusterKeys, f.key) || n.has("api_server"):
		case !outside:
			c.add(f.value.line, f.value.path, "means nothing without api_server, the URL to which it applies; add api_server, or remove it")
		case f.key != "kubeconfig_file":
			c.add(f.value.line, f.value.path, "cannot stand beside kubeconfig_file, which says it; remove one of the two")
		}
	}
}

// selectable are the roles that a role of Kubernetes can select by. One that is missing
// can select by itself only.
var selectable = map[string][]string{
	"pod":           {"pod", "node"},
	"endpointslice": {"endpointslice", "pod", "service"},
	"endpoints":     {"endpoints", "pod", "service"},
}

func (c *checker) selectors(n *node) {
	role, selectors := n.get("role"), n.get("selectors")
	if role == nil || !role.sound || selectors == nil {
		return
	}
	allowed := selectable[role.yaml.Value]
	if allowed == nil {
		allowed = []string{role.yaml.Value}
	}
	first := make(map[string]int)
	for _, s := range selectors.items {
		v := s.get("role")
		c.selector(s)
		switch {
		case v == nil && s.mapping():
			c.required(s, "role: "+role.yaml.Value)
		case v == nil || !v.sound:
		case !slices.Contains(allowed, v.yaml.Value):
			c.add(v.line, v.path, "%s cannot select for the role %s; write %s", quote(v.yaml.Value), role.yaml.Value, alternatives(allowed))
		case first[v.yaml.Value] > 0:
			c.add(v.line, v.path, "%s has a selector already (line %d); put both into one, with a comma between", quote(v.yaml.Value), first[v.yaml.Value])
		default:
			first[v.yaml.Value] = v.line
		}
	}
}

var (
	// What Kubernetes takes, but for the lengths of names; it has the last word.
	labelSelector = selector(`!?[\w./-]+(\s*(=|==|!=|>|<)\s*[\w.-]*|\s+(in|notin)\s*\([^()]*\))?`)
	fieldSelector = selector(`[^=!,]+(==?|!=)[^,]*`)
)

// selector returns the form of a list of requirements with commas between.
func selector(requirement string) *regexp.Regexp {
	return regexp.MustCompile(`^\s*(` + requirement + `(\s*,\s*` + requirement + `)*)?\s*$`)
}

func (c *checker) selector(n *node) {
	if v := n.get("label"); v != nil && v.scalar() && !labelSelector.MatchString(v.yaml.Value) {
		c.add(v.line, v.path, "%s is no label selector; write for example app=checkout or env in (prod, test)", quote(v.yaml.Value))
	}
	if v := n.get("field"); v != nil && v.scalar() && !fieldSelector.MatchString(v.yaml.Value) {
		c.add(v.line, v.path, "%s is no field selector; write for example status.phase=Running", quote(v.yaml.Value))
	}
}
