package discovery_test

import (
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	promdiscovery "github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/discovery"
)

// A pod is what Kubernetes discovery makes targets of.
type pod struct {
	name, ip, phase, kind, owner string
	labels, annotations          map[string]string
	containers, init             []container
}

type container []port

type port struct {
	number   int
	name     string
	protocol string // TCP when empty
}

// group returns the pod as Kubernetes discovery describes it: a target for each port of
// each container, or for the container itself when it has none, and init containers
// last.
func (p *pod) group() *targetgroup.Group {
	const meta = "__meta_kubernetes_pod_"
	g := &targetgroup.Group{Source: "pod/shop/" + p.name, Labels: model.LabelSet{
		"__meta_kubernetes_namespace": "shop", meta + "name": model.LabelValue(p.name), meta + "ip": model.LabelValue(p.ip),
		meta + "phase": model.LabelValue(p.phase), meta + "ready": "true",
	}}
	if p.owner != "" {
		g.Labels[meta+"controller_kind"], g.Labels[meta+"controller_name"] = model.LabelValue(p.kind), model.LabelValue(p.owner)
	}
	name := regexp.MustCompile(`[^a-zA-Z0-9_]`)
	for kind, values := range map[string]map[string]string{"label": p.labels, "annotation": p.annotations} {
		for key, value := range values {
			g.Labels[model.LabelName(meta+kind+"_"+name.ReplaceAllString(key, "_"))] = model.LabelValue(value)
			g.Labels[model.LabelName(meta+kind+"present_"+name.ReplaceAllString(key, "_"))] = "true"
		}
	}
	for i, c := range slices.Concat(p.containers, p.init) {
		own := model.LabelSet{meta + "container_init": model.LabelValue(strconv.FormatBool(i >= len(p.containers)))}
		if len(c) == 0 {
			own[model.AddressLabel] = model.LabelValue(p.ip)
			g.Targets = append(g.Targets, own)
		}
		for _, port := range c {
			own := maps.Clone(own)
			own[model.AddressLabel] = model.LabelValue(net.JoinHostPort(p.ip, strconv.Itoa(port.number)))
			own[meta+"container_port_name"] = model.LabelValue(port.name)
			own[meta+"container_port_number"] = model.LabelValue(strconv.Itoa(port.number))
			own[meta+"container_port_protocol"] = model.LabelValue(port.protocol)
			if port.protocol == "" {
				own[meta+"container_port_protocol"] = "TCP"
			}
			g.Targets = append(g.Targets, own)
		}
	}
	return g
}

// recipe returns the service of docs/kubernetes.md that finds the targets of a cluster.
func recipe(t *testing.T) discovery.Service {
	t.Helper()
	text, err := os.ReadFile("../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(services:\n.*?)```").FindSubmatch(text)
	if block == nil {
		t.Fatal("docs/kubernetes.md has no configuration")
	}
	var file struct {
		Services []struct {
			Relabel yaml.Node `yaml:"relabel_configs"`
		} `yaml:"services"`
	}
	if err := yaml.Unmarshal(block[1], &file); err != nil {
		t.Fatal(err)
	}
	rulesText, err := yaml.Marshal(&file.Services[0].Relabel)
	if err != nil {
		t.Fatal(err)
	}
	s := configuredService("kubernetes")
	s.Relabel = rules(t, string(rulesText))
	return s
}

// TestKubernetesRecipe finds the targets of pods as clusters have them.
func TestKubernetesRecipe(t *testing.T) {
	t.Parallel()
	scrape := map[string]string{"periskop.io/scrape": "true"}
	with := func(more ...string) map[string]string {
		m := maps.Clone(scrape)
		for i := 0; i < len(more); i += 2 {
			m["periskop.io/"+more[i]] = more[i+1]
		}
		return m
	}
	shop := map[string]string{"app.kubernetes.io/name": "shop"}
	web, metrics := port{number: 8080, name: "web"}, port{number: 9090, name: "metrics"}
	proxy := container{{number: 15090, name: "http-envoy-prom"}, {number: 15020, name: "istio-health"}}
	none := []string{}
	for name, tc := range map[string]struct {
		pod     pod
		want    []string // service and URL
		problem string   // of a target that cannot be scraped
	}{
		"one port": {
			pod:  pod{annotations: scrape, labels: shop, containers: []container{{web}}},
			want: []string{"shop http://10.0.0.1:8080/-/exceptions"},
		},
		"not asked for": {
			pod:  pod{labels: shop, containers: []container{{web}}},
			want: none,
		},
		"several ports": {
			pod:  pod{annotations: scrape, labels: shop, containers: []container{{web, metrics}}},
			want: []string{"shop http://10.0.0.1:8080/-/exceptions"},
		},
		"several containers with several ports": {
			pod:  pod{annotations: with("port", "8081"), labels: shop, containers: []container{{web, metrics}, proxy, {{number: 8081}}, {}}},
			want: []string{"shop http://10.0.0.1:8081/-/exceptions"},
		},
		"no ports, and one in the annotation": {
			pod:  pod{annotations: with("port", "18080"), labels: shop, containers: []container{{}}},
			want: []string{"shop http://10.0.0.1:18080/-/exceptions"},
		},
		"no ports at all": {
			pod:  pod{annotations: scrape, labels: shop, containers: []container{{}, {}}},
			want: none,
		},
		"a port without a name": {
			pod:  pod{annotations: scrape, labels: shop, containers: []container{{{number: 3000}}, proxy}},
			want: []string{"shop http://10.0.0.1:3000/-/exceptions"},
		},
		"UDP, a sidecar and init containers": {
			pod: pod{
				annotations: scrape, labels: shop, containers: []container{{web, {number: 53, name: "web", protocol: "UDP"}, {number: 53, protocol: "SCTP"}}},
				init: []container{proxy, {{number: 7000}}, {}},
			},
			want: []string{"shop http://10.0.0.1:8080/-/exceptions"},
		},
		"only UDP, and a port in the annotation": {
			pod:  pod{annotations: with("port", "8080"), labels: shop, containers: []container{{{number: 53, protocol: "UDP"}}}},
			want: []string{"shop http://10.0.0.1:8080/-/exceptions"},
		},
		"a port of our name": {
			pod:  pod{labels: shop, containers: []container{{web, {number: 9000, name: "periskop"}}}},
			want: []string{"shop http://10.0.0.1:9000/-/exceptions"},
		},
		"a port of our name, and told not to": {
			pod:  pod{annotations: map[string]string{"periskop.io/scrape": "false"}, labels: shop, containers: []container{{{number: 9000, name: "exceptions"}}}},
			want: none,
		},
		"path and scheme": {
			pod:  pod{annotations: with("port", "8443", "path", "/errors", "scheme", "https"), labels: shop, containers: []container{{web}}},
			want: []string{"shop https://10.0.0.1:8443/errors"},
		},
		"a path without a slash, capitals, and empty values": {
			pod:  pod{annotations: map[string]string{"periskop.io/scrape": "True", "periskop.io/path": "errors", "periskop.io/port": "", "periskop.io/scheme": ""}, labels: shop, containers: []container{{web}}},
			want: []string{"shop http://10.0.0.1:8080/errors"},
		},
		"IPv6": {
			pod:  pod{ip: "2001:db8::1", annotations: scrape, labels: shop, containers: []container{{web}}},
			want: []string{"shop http://[2001:db8::1]:8080/-/exceptions"},
		},
		"IPv6, and a port in the annotation": {
			pod:  pod{ip: "::1", annotations: with("port", "18080"), labels: shop, containers: []container{{web}, {}}},
			want: []string{"shop http://[::1]:18080/-/exceptions"},
		},
		"a port that is none": {
			pod:     pod{annotations: with("port", "http"), labels: shop, containers: []container{{web}}},
			want:    none,
			problem: `The target "10.0.0.1:8080" is not scraped: its address "10.0.0.1:http" has no port from 1 to 65535.`,
		},
		"two ports in one annotation": {
			pod:     pod{annotations: with("port", "8080,9090"), labels: shop, containers: []container{{web}}},
			want:    none,
			problem: `The target "10.0.0.1:8080" is not scraped: its address "10.0.0.1:8080,9090" has no port from 1 to 65535.`,
		},
		"a scheme that is none": {
			pod:     pod{annotations: with("scheme", "grpc"), labels: shop, containers: []container{{web}}},
			want:    none,
			problem: `The target "10.0.0.1:8080" is not scraped: its scheme "grpc" is neither http nor https.`,
		},
		"finished": {
			pod:  pod{phase: "Succeeded", annotations: scrape, labels: shop, containers: []container{{web}}},
			want: none,
		},
		"evicted": {
			pod:  pod{phase: "Failed", annotations: scrape, labels: shop, containers: []container{{web}}},
			want: none,
		},
		"pending with an address": {
			pod:  pod{phase: "Pending", annotations: scrape, labels: shop, containers: []container{{web}}},
			want: none,
		},
		"named by the label app": {
			pod:  pod{annotations: scrape, labels: map[string]string{"app": "cart"}, kind: "StatefulSet", owner: "cart-db", containers: []container{{web}}},
			want: []string{"cart http://10.0.0.1:8080/-/exceptions"},
		},
		"both labels": {
			pod:  pod{annotations: scrape, labels: map[string]string{"app": "cart", "app.kubernetes.io/name": "shop"}, containers: []container{{web}}},
			want: []string{"shop http://10.0.0.1:8080/-/exceptions"},
		},
		"an empty label": {
			pod:  pod{annotations: scrape, labels: map[string]string{"app": "cart", "app.kubernetes.io/name": ""}, containers: []container{{web}}},
			want: []string{"cart http://10.0.0.1:8080/-/exceptions"},
		},
		"without labels, of a Deployment": {
			pod:  pod{annotations: scrape, kind: "ReplicaSet", owner: "check-out-7d9f8b6c5", containers: []container{{web}}},
			want: []string{"check-out http://10.0.0.1:8080/-/exceptions"},
		},
		"without labels, of a ReplicaSet": {
			pod:  pod{annotations: scrape, kind: "ReplicaSet", owner: "old-frontend", containers: []container{{web}}},
			want: []string{"old-frontend http://10.0.0.1:8080/-/exceptions"},
		},
		"without labels, of a CronJob": {
			pod:  pod{annotations: scrape, kind: "Job", owner: "nightly-report-29137320", containers: []container{{web}}},
			want: []string{"nightly-report http://10.0.0.1:8080/-/exceptions"},
		},
		"without labels, of a Job": {
			pod:  pod{annotations: scrape, kind: "Job", owner: "migrate-2", containers: []container{{web}}},
			want: []string{"migrate-2 http://10.0.0.1:8080/-/exceptions"},
		},
		"without labels, of a DaemonSet on the network of its host": {
			pod:  pod{ip: "192.168.1.7", annotations: scrape, kind: "DaemonSet", owner: "agent", containers: []container{{web}}},
			want: []string{"agent http://192.168.1.7:8080/-/exceptions"},
		},
		"without labels, of a node": {
			pod:  pod{name: "static-node-1", annotations: scrape, kind: "Node", owner: "node-1", containers: []container{{web}}},
			want: []string{"static-node-1 http://10.0.0.1:8080/-/exceptions"},
		},
		"without labels or controller": {
			pod:  pod{name: "debug", annotations: scrape, containers: []container{{web}}},
			want: []string{"debug http://10.0.0.1:8080/-/exceptions"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, field := range []struct{ value, usual *string }{
				{&tc.pod.name, new("shop-1")}, {&tc.pod.ip, new("10.0.0.1")}, {&tc.pod.phase, new("Running")},
			} {
				if *field.value == "" {
					*field.value = *field.usual
				}
			}
			s := recipe(t)
			s.Configs = promdiscovery.Configs{promdiscovery.StaticConfig{tc.pod.group()}}
			r := run(t, s)
			r.isReady(t)
			r.mu.Lock()
			found := r.found
			r.mu.Unlock()
			got, problems := []string{}, []string{}
			for _, st := range found.Services {
				problems = append(problems, st.Problems...)
				for _, target := range st.Targets {
					got = append(got, st.Service+" "+target.URL)
					if target.Instance != tc.pod.name {
						t.Errorf("instance: got %s, want %s", target.Instance, tc.pod.name)
					}
				}
			}
			if diff := cmp.Diff(got, tc.want); diff != "" {
				t.Errorf("targets (-got +want):\n%s", diff)
			}
			if (tc.problem != "") != (len(problems) == 1 && problems[0] == tc.problem) || tc.problem == "" && len(problems) > 0 {
				t.Errorf("problems: got %q, want %q", problems, tc.problem)
			}
		})
	}
}
