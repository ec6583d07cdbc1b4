//go:build e2e_kubernetes

package kubernetes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// config is the configuration of the exporter; capitals are filled in.
const config = `
services:
  # One namespace; what is no web server, or does not run, is dropped.
  - name: web
    kubernetes_sd_configs: [{role: pod, namespaces: {names: [prod]}, API}]
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_label_app], regex: web, action: keep}
      - {source_labels: [__meta_kubernetes_pod_phase], regex: Running, action: keep}
    scraper: {endpoint: /-/exceptions, refresh_interval: 200ms, timeout: 200ms}
  # All namespaces; the API server selects.
  - name: front
    kubernetes_sd_configs:
      - role: pod
        selectors: [{role: pod, label: "tier=front", field: "status.phase=Running"}]
        API
    scraper: {endpoint: /-/exceptions, refresh_interval: 200ms, timeout: 200ms}
  - name: nobody
    kubernetes_sd_configs:
      - role: pod
        selectors: [{role: pod, label: "app=nobody"}]
        API
    scraper: {endpoint: /-/exceptions, refresh_interval: 200ms, timeout: 200ms}
  - name: slices
    kubernetes_sd_configs: [{role: endpointslice, namespaces: {names: [prod]}, API}]
    relabel_configs:
      - {source_labels: [__meta_kubernetes_service_name], regex: shop, action: keep}
      - {source_labels: [__address__], regex: "192\\.0\\.2\\.(.+)", replacement: "NETWORK$1", target_label: __address__}
    scraper: {endpoint: /-/exceptions, refresh_interval: 200ms, timeout: 200ms}
`

func TestKubernetes(t *testing.T) {
	binary(t, "EXPORTER", "kubernetes/periskop_exporter") // before a cluster is started in vain
	c, n := startCluster(t), newNetwork()
	for _, namespace := range []string{"prod", "test"} {
		c.createNamespace(t, namespace)
	}
	e := startExporter(t, c.configure(n))

	// Pods come.
	a, b := n.serve(t, 0), n.serve(t, 0)
	c.createPod(t, "prod", "web-a", a.port, map[string]string{"app": "web", "tier": "front"})
	c.runPod(t, "prod", "web-a", a.ip)
	untilUp(t, e, "web", a)
	untilUp(t, e, "front", a)
	c.createPod(t, "prod", "web-b", b.port, map[string]string{"app": "web"})
	c.runPod(t, "prod", "web-b", b.ip)
	untilUp(t, e, "web", a, b)

	// Others are not for web: another namespace, another label, not running.
	other, worker := n.serve(t, 0), n.serve(t, 0)
	c.createPod(t, "test", "web-c", other.port, map[string]string{"app": "web", "tier": "front"})
	c.runPod(t, "test", "web-c", other.ip)
	c.createPod(t, "prod", "worker", worker.port, map[string]string{"app": "worker"})
	c.runPod(t, "prod", "worker", worker.ip)
	c.createPod(t, "prod", "web-d", 80, map[string]string{"app": "web", "tier": "front"})
	untilUp(t, e, "front", a, other)
	untilUp(t, e, "web", a, b)
	untilHit(t, a)
	untilHit(t, other)

	// A pod moves, and another goes, while the rest is scraped as before.
	moved := n.serve(t, a.port)
	c.runPod(t, "prod", "web-a", moved.ip)
	untilUp(t, e, "web", b, moved)
	untilUp(t, e, "front", moved, other)
	c.deletePod(t, "prod", "web-b")
	untilUp(t, e, "web", moved)
	untilHit(t, moved)
	for name, r := range map[string]*replica{"the old address": a, "the pod that is gone": b} {
		// Five rounds of another target are time enough to notice.
		before := r.hits.Load()
		for range 5 {
			untilHit(t, moved)
		}
		if after := r.hits.Load(); after != before {
			t.Errorf("%s was scraped %d times more", name, after-before)
		}
	}
	if hits := worker.hits.Load(); hits != 0 {
		t.Errorf("a pod that nobody asked for was scraped %d times", hits)
	}

	// Endpoints.
	x := n.serve(t, 0)
	y := n.serve(t, x.port)
	c.create(t, "/api/v1/namespaces/prod/services", object{
		"apiVersion": "v1", "kind": "Service", "metadata": object{"name": "shop"},
		"spec": object{"ports": []object{{"name": "http", "port": 80}}},
	})
	c.setSlice(t, "prod", "shop", x.port, n.number(x))
	untilUp(t, e, "slices", x)
	c.setSlice(t, "prod", "shop", x.port, n.number(y))
	untilUp(t, e, "slices", y)

	// The API server goes away and comes back. Scraping goes on.
	const away = "A Kubernetes API server does not answer."
	if e.complains(t, away) {
		t.Errorf("it complains while all is well: %s", away)
	}
	c.server.stop()
	until(t, "the complaint", func() bool { return e.complains(t, away) })
	untilHit(t, moved)
	untilUp(t, e, "web", moved)
	c.startServer(t)
	until(t, "the end of the complaint", func() bool { return !e.complains(t, away) })
	c.runPod(t, "prod", "web-a", a.ip)
	untilUp(t, e, "web", a)
	untilUp(t, e, "nobody")
}

// configure fills in where the API server is, and where the replicas are.
func (c *cluster) configure(n *network) string {
	api := `api_server: "` + c.url + `", tls_config: {ca_file: ` + c.path("certs/apiserver.crt") + `}, ` +
		`authorization: {credentials_file: ` + c.path("token") + `}`
	text := strings.ReplaceAll(config, ", API}", ", "+api+"}")
	block := strings.NewReplacer(", tls_config", "\n        tls_config", ", authorization", "\n        authorization").Replace(api)
	return strings.NewReplacer("API\n", block+"\n", "NETWORK", n.prefix).Replace(text)
}

// number is the last part of the address of a replica.
func (n *network) number(r *replica) string { return strings.TrimPrefix(r.ip, n.prefix) }

// untilUp waits for exactly these replicas to be scraped with success.
func untilUp(t *testing.T, e *exporter, service string, replicas ...*replica) {
	t.Helper()
	want := []string{}
	for _, r := range replicas {
		want = append(want, r.address())
	}
	slices.Sort(want)
	until(t, service+" at "+strings.Join(want, ", "), func() bool { return cmp.Equal(e.up(t, service), want) })
}

// untilHit waits for a replica to be scraped once more.
func untilHit(t *testing.T, r *replica) {
	t.Helper()
	before := r.hits.Load()
	until(t, "a scrape of "+r.address(), func() bool { return r.hits.Load() > before })
}
