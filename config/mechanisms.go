package config

import (
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// A mechanism holds what this package knows of one kind of service discovery beyond its
// types, to say it better than the mechanism's own decoder.
type mechanism struct {
	required []string   // as for checker.required
	urls     []string   // keys whose values are URLs
	choices  []string   // a key, and after it the values that it takes
	either   [][]string // keys of which only one can be written
	check    func(c *checker, around, n *node)
}

// roles are the values of types that decode by themselves, by the names of the types.
var roles = map[string][]string{
	"aws.Role":          {"ec2", "ecs", "elasticache", "lightsail", "msk", "rds"},
	"digitalocean.Role": {"droplets", "databases"},
	"hetzner.Role":      {"robot", "hcloud"},
	"kubernetes.Role":   {"node", "pod", "service", "endpoints", "endpointslice", "ingress"},
	"openstack.Role":    {"instance", "hypervisor", "loadbalancer"},
	"scaleway.role":     {"instance", "baremetal"},
}

var mechanisms = map[string]mechanism{
	"aws_sd_configs": {required: []string{"role: ec2"}},
	"azure_sd_configs": {
		required: []string{"subscription_id: 00000000-0000-0000-0000-000000000000"},
		choices:  []string{"authentication_method", "OAuth", "ManagedIdentity", "SDK", "WorkloadIdentity"},
		check:    checkAzure,
	},
	"consul_sd_configs": {either: [][]string{{"username", "basic_auth"}, {"token", "authorization"}, {"token", "oauth2"}}},
	"ec2_sd_configs":    {check: checkFilters},
	"docker_sd_configs": {required: []string{"host: unix:///var/run/docker.sock"}},
	"dockerswarm_sd_configs": {
		required: []string{"host: unix:///var/run/docker.sock", "role: tasks"},
		choices:  []string{"role", "tasks", "services", "nodes"},
	},
	"dns_sd_configs":     {required: []string{"names: [telemetry.example.org]"}, check: checkDNS},
	"eureka_sd_configs":  {required: []string{"server: http://eureka.example.org/eureka"}, urls: []string{"server"}},
	"file_sd_configs":    {required: []string{"files: [targets/*.yaml]"}, check: checkFiles},
	"gce_sd_configs":     {required: []string{"project: my-project", "zone: europe-west1-b"}},
	"hetzner_sd_configs": {required: []string{"role: hcloud"}},
	"http_sd_configs":    {required: []string{"url: http://inventory.example.org/targets"}, urls: []string{"url"}},
	"ionos_sd_configs":   {required: []string{"datacenter_id: 00000000-0000-0000-0000-000000000000"}},
	"kubernetes_sd_configs": {
		required: []string{"role: pod"},
		check:    checkKubernetes,
	},
	"kuma_sd_configs":     {required: []string{"server: http://kuma.example.org:5676"}, urls: []string{"server"}},
	"marathon_sd_configs": {required: []string{"servers: [https://marathon.example.org]"}, either: [][]string{{"auth_token", "auth_token_file"}}},
	"nerve_sd_configs":    {required: []string{"servers: [zookeeper.example.org]", "paths: [/nerve/services/api]"}, check: checkPaths},
	"oci_sd_configs": {
		required: []string{"region: eu-frankfurt-1"},
		either:   [][]string{{"key_passphrase", "key_passphrase_file"}},
		choices:  []string{"auth", "api_key", "instance_principal"},
		check:    checkOCI,
	},
	"openstack_sd_configs": {
		required: []string{"role: instance", "region: RegionOne"},
		choices:  []string{"availability", "public", "admin", "internal"},
	},
	"outscale_sd_configs": {required: []string{"region: eu-west-2", "access_key: ABCDEFGH"}, check: checkSecretKey},
	"ovhcloud_sd_configs": {
		required: []string{"application_key: abcdef", "application_secret: abcdef", "consumer_key: abcdef", "service: vps"},
		choices:  []string{"service", "vps", "dedicated_server"},
	},
	"puppetdb_sd_configs":  {required: []string{"url: https://puppetdb.example.org", `query: resources { type = "Class" }`}, urls: []string{"url"}},
	"scaleway_sd_configs":  {required: []string{"role: instance", "project_id: 00000000-0000-0000-0000-000000000000", "access_key: SCWXXXXXXXXXXXXXXXXX"}, check: checkSecretKey},
	"serverset_sd_configs": {required: []string{"servers: [zookeeper.example.org]", "paths: [/serverset/api]"}, check: checkPaths},
	"static_configs":       {check: checkStatic},
	"triton_sd_configs": {
		required: []string{"account: me", "dns_suffix: triton.example.org", "endpoint: triton.example.org"},
		choices:  []string{"role", "container", "cn"},
	},
	"uyuni_sd_configs": {required: []string{"server: https://uyuni.example.org", "username: periskop", "password: abcdef"}, urls: []string{"server"}},
}

func checkAzure(c *checker, _, n *node) {
	if method := n.text("authentication_method"); method == "" || method == "OAuth" {
		c.required(n, "tenant_id: 00000000-0000-0000-0000-000000000000", "client_id: 00000000-0000-0000-0000-000000000000", "client_secret: abcdef")
	}
}

func checkOCI(c *checker, _, n *node) {
	keys := []string{"tenancy: ocid1.tenancy.oc1..abcdef", "user: ocid1.user.oc1..abcdef", "fingerprint: 12:34:56", "key_file: oci.pem"}
	switch n.text("auth") {
	case "", "api_key":
		c.required(n, keys...)
	case "instance_principal":
		for _, key := range keys {
			name, _, _ := strings.Cut(key, ": ")
			if v := n.get(name); !v.empty() {
				c.add(v.line, v.path, "means nothing with auth: instance_principal; remove it")
			}
		}
	}
}

func checkSecretKey(c *checker, _, n *node) {
	c.exclusive(n, "secret_key", "secret_key_file")
	if !c.meant(n, "secret_key") && !c.meant(n, "secret_key_file") {
		c.missing(n, "secret_key", "add secret_key, or secret_key_file")
	}
}

func checkFilters(c *checker, _, n *node) {
	if filters := n.get("filters"); filters != nil {
		for _, f := range filters.items {
			c.required(f, "name: instance-state-name", "values: [running]")
		}
	}
}

func checkPaths(c *checker, _, n *node) {
	if paths := n.get("paths"); paths != nil {
		for _, p := range paths.items {
			if p.scalar() && !strings.HasPrefix(p.yaml.Value, "/") {
				c.add(p.line, p.path, "%s does not begin with a slash; write %s", quote(p.yaml.Value), quote("/"+p.yaml.Value))
			}
		}
	}
}

func checkDNS(c *checker, _, n *node) {
	choices := []string{"SRV", "A", "AAAA", "MX", "NS"}
	v := n.get("type")
	kind := strings.ToUpper(n.text("type"))
	if v != nil && v.scalar() && !slices.Contains(choices, kind) {
		c.add(v.line, v.path, "%s", notAmong(v.yaml.Value, choices))
		return
	}
	if kind != "" && kind != "SRV" && (!c.meant(n, "port") || n.text("port") == "0") {
		c.missing(n, "port", "only records of type SRV bring one along; add for example port: 8080")
	}
}

// filePattern is what the file mechanism reads.
var filePattern = regexp.MustCompile(`^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$`)

func checkFiles(c *checker, _, n *node) {
	files := n.get("files")
	if files == nil {
		return
	}
	for _, f := range files.items {
		if f.scalar() && !filePattern.MatchString(f.yaml.Value) {
			c.add(f.line, f.path, "%s is not a file that can be read; write a name that ends in .yaml, .yml or .json, with at most one * and that after the last slash", quote(f.yaml.Value))
			continue
		}
		c.targetFiles(f)
	}
}

// checkStatic looks at addresses, unless relabelling may make them from something else.
// An empty list of them is for a service that is only pushed to.
func checkStatic(c *checker, around, n *node) {
	targets := n.get("targets")
	if targets == nil || targets.yaml.Kind != yaml.SequenceNode {
		c.required(n, "targets: [host.example.org:8080]")
	}
	if targets == nil || around.has("relabel_configs") {
		return
	}
	for _, t := range targets.items {
		if !t.scalar() || t.null() {
			continue
		}
		_, port, err := net.SplitHostPort(t.yaml.Value)
		number, _ := strconv.Atoi(port)
		switch {
		case strings.Contains(t.yaml.Value, "@") || strings.Contains(t.yaml.Value, "://"):
			c.add(t.line, t.path, "is a URL; write only host:port, since scheme and path are keys of their own")
		case t.yaml.Value == "" || strings.ContainsAny(t.yaml.Value, "/ ,"):
			c.add(t.line, t.path, "%s is not an address; write host:port", quote(t.yaml.Value))
		case err == nil && port != "" && (number < 1 || number > 65535):
			c.add(t.line, t.path, "%s has no port that exists; write a number from 1 to 65535 after the colon", quote(t.yaml.Value))
		}
	}
}
