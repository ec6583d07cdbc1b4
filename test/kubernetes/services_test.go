//go:build e2e_kubernetes

package kubernetes_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// wholeCluster is the configuration of docs/kubernetes.md, for this API server and at a
// quicker pace.
func (c *cluster) wholeCluster(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(services:\n.*?)```").FindSubmatch(text)
	if block == nil {
		t.Fatal("docs/kubernetes.md has no configuration")
	}
	const found = "[{role: pod}]"
	api := fmt.Sprintf(`[{role: pod, api_server: %q, tls_config: {ca_file: %q}, authorization: {credentials_file: %q}}]`,
		c.url, c.path("certs/apiserver.crt"), c.path("token"))
	config := strings.Replace(string(block[1]), found, api, 1)
	if config == string(block[1]) {
		t.Fatalf("docs/kubernetes.md does not discover %s", found)
	}
	return config + "    scraper: {refresh_interval: 200ms, timeout: 200ms}\n"
}

// upBy returns how many targets of each service are up, and fails when one is down.
func (e *exporter) upBy(t *testing.T) map[string]int {
	t.Helper()
	var answer struct {
		Data []struct {
			Service string `json:"service_name"`
			Targets int    `json:"targets"`
			Up      int    `json:"targets_up"`
		} `json:"data"`
	}
	up := map[string]int{}
	if err := json.Unmarshal([]byte(read(t.Context(), e.url+"/api/v1/services")), &answer); err != nil {
		return up
	}
	for _, s := range answer.Data {
		up[s.Service] = s.Up
		if s.Up < s.Targets {
			up[s.Service] = s.Up - s.Targets // below zero: some are down
		}
	}
	return up
}

// watches returns how many watches of pods the API server serves now.
func (c *cluster) watches(t *testing.T) float64 {
	t.Helper()
	response, err := c.request(http.MethodGet, c.url+"/metrics", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, m := range families["apiserver_longrunning_requests"].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		if labels["resource"] == "pods" && labels["verb"] == "WATCH" {
			sum += m.GetGauge().GetValue()
		}
	}
	return sum
}

// TestServicesOfACluster finds ten deployments with one block and one watch, while pods
// come, move and go.
func TestServicesOfACluster(t *testing.T) {
	binary(t, "EXPORTER", "kubernetes/periskop_exporter") // before a cluster is started in vain
	c, n := startCluster(t), newNetwork()
	c.createNamespace(t, "prod")
	c.createNamespace(t, "test")
	own := c.watches(t) // of the API server itself
	e := startExporter(t, c.wholeCluster(t))

	// Pods come: those of some deployments have labels, those of others have none.
	pods := map[string]*replica{}
	pod := func(i, number int) {
		deployment := fmt.Sprintf("deployment-%d", i)
		p := podSpec{
			namespace: "prod", name: fmt.Sprintf("%s-7d9f8b6c5-%d", deployment, number), owner: "ReplicaSet/" + deployment + "-7d9f8b6c5",
			containers: [][]object{{tcp(9090, "metrics")}, {}},
		}
		if i%2 == 0 {
			p.namespace = "test"
		}
		switch i % 3 {
		case 0:
			p.labels = map[string]string{"app.kubernetes.io/name": deployment, "app": "other"}
		case 1:
			p.labels = map[string]string{"app": deployment}
		}
		r := n.serve(t, 0)
		pods[p.name] = r
		p.ip, p.annotations = r.ip, map[string]string{"periskop.io/scrape": "true", "periskop.io/port": strconv.Itoa(r.port)}
		p.create(t, c)
	}
	want := map[string]int{}
	for i := range 10 {
		pod(i, 0)
		pod(i, 1)
		want[fmt.Sprintf("deployment-%d", i)] = 2
	}
	untilUpBy := func(what string) {
		t.Helper()
		until(t, what, func() bool { return cmp.Equal(e.upBy(t), want) })
		if got := c.watches(t) - own; got != 1 {
			t.Errorf("%s: the exporter has %v watches of pods, want 1", what, got)
		}
	}
	untilUpBy("ten services with two targets each")

	// One pod moves, one goes, and so does a whole deployment; another one comes.
	moved := n.serve(t, pods["deployment-3-7d9f8b6c5-0"].port)
	c.runPod(t, "prod", "deployment-3-7d9f8b6c5-0", moved.ip)
	c.deletePod(t, "test", "deployment-4-7d9f8b6c5-0")
	c.deletePod(t, "prod", "deployment-5-7d9f8b6c5-0")
	c.deletePod(t, "prod", "deployment-5-7d9f8b6c5-1")
	pod(10, 0)
	want["deployment-4"], want["deployment-5"], want["deployment-10"] = 1, 0, 1
	untilUpBy("the services after the deploy")
	if up := e.up(t, "deployment-3"); !slices.Contains(up, "deployment-3-7d9f8b6c5-0") {
		t.Errorf("the pod that has moved is not up: %v", up)
	}
	untilHit(t, moved)

	// The one that is gone is remembered, and nothing raises an alert about it.
	metrics := read(t.Context(), e.url+"/metrics")
	for line, there := range map[string]bool{
		`periskop_service_targets{service_name="deployment-4"} 1`: true,
		`periskop_service_targets{service_name="deployment-5"}`:   false,
		`periskop_service_targets{service_name="kubernetes"}`:     false,
	} {
		if strings.Contains(metrics, line) != there {
			t.Errorf("%s in the metrics: got %v, want %v", line, !there, there)
		}
	}
	for _, service := range []string{"deployment-3", "deployment-5", "deployment-10"} {
		if page := read(t.Context(), e.url+"/exceptions?service_name="+service); !strings.Contains(page, `data-row`) {
			t.Errorf("%s has no exceptions on its page", service)
		}
	}
}

// TestOrdinaryPods takes what clusters have, and finds each process once and nothing that
// is down.
func TestOrdinaryPods(t *testing.T) {
	binary(t, "EXPORTER", "kubernetes/periskop_exporter")
	c, n := startCluster(t), newNetwork()
	c.createNamespace(t, "shop")
	shop := map[string]string{"app.kubernetes.io/name": "shop"}
	want := []string{}
	// serve makes a process and the annotations that say where it is.
	serve := func(name string) (ip string, port int, annotations map[string]string) {
		r := n.serve(t, 0)
		want = append(want, name)
		return r.ip, r.port, map[string]string{"periskop.io/scrape": "true", "periskop.io/port": strconv.Itoa(r.port)}
	}
	asked := map[string]string{"periskop.io/scrape": "true"}

	add := func(p podSpec) {
		t.Helper()
		p.namespace = "shop"
		if p.labels == nil && p.owner == "" {
			p.labels = shop
		}
		p.create(t, c)
	}
	ip, port, _ := serve("one-port")
	add(podSpec{name: "one-port", ip: ip, annotations: asked, containers: [][]object{{tcp(port, "web")}}})
	ip, port, _ = serve("two-ports")
	add(podSpec{name: "two-ports", ip: ip, annotations: asked, containers: [][]object{{tcp(port, "web"), tcp(19090, "metrics")}}})
	ip, _, annotations := serve("no-ports")
	add(podSpec{name: "no-ports", ip: ip, annotations: annotations, containers: [][]object{{}}})
	ip, port, _ = serve("udp-and-sidecar")
	add(podSpec{
		name: "udp-and-sidecar", ip: ip, annotations: asked,
		containers: [][]object{{tcp(port, "web"), {"containerPort": 18081, "protocol": "UDP", "name": "dns"}}, {tcp(15090, "http-envoy-prom")}},
		init:       [][]object{{tcp(7000, "")}},
	})
	ip, _, annotations = serve("several-containers")
	add(podSpec{name: "several-containers", ip: ip, annotations: annotations, containers: [][]object{{tcp(1, "web"), tcp(2, "")}, {tcp(3, "http")}, {}}})
	ip, port, _ = serve("named-port")
	add(podSpec{name: "named-port", ip: ip, containers: [][]object{{tcp(port, "exceptions"), tcp(80, "http")}}})
	ip, _, annotations = serve("host-network")
	add(podSpec{name: "host-network", ip: ip, annotations: annotations, containers: [][]object{{}}, spec: object{"hostNetwork": true}})
	six := n.serveAt(t, "::1", 0)
	want = append(want, "ipv6")
	add(podSpec{name: "ipv6", ip: six.ip, annotations: asked, containers: [][]object{{tcp(six.port, "web")}}})
	ip, _, annotations = serve("terminating")
	add(podSpec{name: "terminating", ip: ip, annotations: annotations, containers: [][]object{{}}, meta: object{"finalizers": []string{"example.org/hold"}}})
	c.delete(t, "/api/v1/namespaces/shop/pods/terminating")

	// These are none.
	add(podSpec{name: "pending", annotations: asked, phase: "Pending", containers: [][]object{{tcp(18080, "web")}}})
	add(podSpec{name: "job-done", ip: n.prefix + "201", annotations: asked, phase: "Succeeded", containers: [][]object{{tcp(18080, "web")}}})
	add(podSpec{name: "evicted", ip: n.prefix + "202", annotations: asked, phase: "Failed", containers: [][]object{{tcp(18080, "web")}}})
	add(podSpec{name: "not-asked", ip: n.prefix + "203", containers: [][]object{{tcp(18080, "web")}}})
	add(podSpec{name: "refused", ip: n.prefix + "204", annotations: map[string]string{"periskop.io/scrape": "false"}, containers: [][]object{{tcp(18080, "periskop")}}})
	// And this one says something that cannot be.
	add(podSpec{name: "odd", ip: n.prefix + "205", annotations: map[string]string{"periskop.io/scrape": "true", "periskop.io/port": "http"}, containers: [][]object{{tcp(18080, "web")}}})

	e := startExporter(t, c.wholeCluster(t))
	slices.Sort(want)
	until(t, "the processes of shop", func() bool { return cmp.Equal(e.up(t, "shop"), want) })
	if got := e.upBy(t); !cmp.Equal(got, map[string]int{"shop": len(want)}) {
		t.Errorf("services and how many targets are up: got %v, want %d of shop and none down", got, len(want))
	}
	if !e.complains(t, "205:http") {
		t.Error("the status page does not tell of the annotation that is no port")
	}
	c.patch(t, "/api/v1/namespaces/shop/pods/terminating", object{"metadata": object{"finalizers": nil}})
	want = slices.DeleteFunc(want, func(name string) bool { return name == "terminating" })
	until(t, "the end of the pod that was terminating", func() bool { return cmp.Equal(e.up(t, "shop"), want) })
}
