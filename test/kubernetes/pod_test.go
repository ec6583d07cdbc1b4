//go:build e2e_kubernetes || e2e_helm

package kubernetes_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A network is a part of 127.0.0.0/8 whose addresses the pods have.
type network struct {
	prefix string // with the last dot
	next   int
}

func newNetwork() *network {
	return &network{prefix: fmt.Sprintf("127.%d.%d.", 1+rand.IntN(254), rand.IntN(255))}
}

// A replica is one process of an instrumented service: it serves what a client
// library has served, at an address of its own.
type replica struct {
	ip     string
	port   int
	server *http.Server
	hits   atomic.Int64
}

// serve starts a replica at a new address of n. Port 0 means a free one.
func (n *network) serve(t *testing.T, port int) *replica {
	t.Helper()
	n.next++
	return n.serveAt(t, n.prefix+strconv.Itoa(n.next), port)
}

// serveAt starts a replica at that address.
func (n *network) serveAt(t *testing.T, ip string, port int) *replica {
	t.Helper()
	payload, err := os.ReadFile("../../periskop/testdata/payloads/go/basic-a.json")
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{ip: ip}
	listener, err := net.Listen("tcp", net.JoinHostPort(r.ip, strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	r.port = listener.Addr().(*net.TCPAddr).Port
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/exceptions", func(w http.ResponseWriter, _ *http.Request) {
		r.hits.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(payload)
	})
	r.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = r.server.Serve(listener) }()
	t.Cleanup(func() { _ = r.server.Close() })
	return r
}

func (r *replica) address() string { return net.JoinHostPort(r.ip, strconv.Itoa(r.port)) }

// createPod creates a pod that does not run yet.
func (c *cluster) createPod(t *testing.T, namespace, name string, port int, labels map[string]string) {
	t.Helper()
	c.create(t, "/api/v1/namespaces/"+namespace+"/pods", object{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": object{"name": name, "labels": labels},
		"spec": object{"containers": []object{{
			"name": "app", "image": "example.org/app:1",
			"ports": []object{{"name": "http", "containerPort": port}},
		}}},
	})
}

// runPod says about a pod what its kubelet would: that it runs, and where.
func (c *cluster) runPod(t *testing.T, namespace, name, ip string) {
	t.Helper()
	c.patch(t, "/api/v1/namespaces/"+namespace+"/pods/"+name+"/status", object{"status": object{
		"phase": "Running", "podIP": ip, "podIPs": []object{{"ip": ip}},
		"conditions": []object{{"type": "Ready", "status": "True"}},
	}})
}

func (c *cluster) deletePod(t *testing.T, namespace, name string) {
	t.Helper()
	c.delete(t, "/api/v1/namespaces/"+namespace+"/pods/"+name)
}

func (c *cluster) createNamespace(t *testing.T, name string) {
	t.Helper()
	c.create(t, "/api/v1/namespaces", object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": name}})
}

// documentation is the network that endpoints are in: the API refuses loopback
// addresses for them, so relabelling turns these into those.
const documentation = "192.0.2."

// setSlice creates or replaces the endpoints of a service. Replicas are found at the
// addresses of the documentation network with the same last number.
func (c *cluster) setSlice(t *testing.T, namespace, service string, port int, numbers ...string) {
	t.Helper()
	endpoints := []object{}
	for _, number := range numbers {
		endpoints = append(endpoints, object{"addresses": []string{documentation + number}, "conditions": object{"ready": true}})
	}
	path := "/apis/discovery.k8s.io/v1/namespaces/" + namespace + "/endpointslices"
	slice := object{
		"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
		"metadata":    object{"name": service + "-1", "labels": object{"kubernetes.io/service-name": service}},
		"addressType": "IPv4",
		"ports":       []object{{"name": "http", "port": port, "protocol": "TCP"}},
		"endpoints":   endpoints,
	}
	if !c.isOK(c.url + path + "/" + service + "-1") {
		c.create(t, path, slice)
		return
	}
	c.patch(t, path+"/"+service+"-1", slice)
}

// A podSpec is a pod to create. Ports are container ports, as Kubernetes writes them.
type podSpec struct {
	namespace, name, ip, phase string
	labels, annotations        map[string]string
	owner                      string // "ReplicaSet/shop-5d4f8"
	containers, init           [][]object
	spec, meta                 object // further members
}

// create creates the pod and says what its kubelet would.
func (p podSpec) create(t *testing.T, c *cluster) {
	t.Helper()
	containers := func(prefix string, ports [][]object) []object {
		list := []object{}
		for i, p := range ports {
			list = append(list, object{"name": prefix + strconv.Itoa(i), "image": "example.org/app:1", "ports": p})
		}
		return list
	}
	meta := object{"name": p.name, "labels": p.labels, "annotations": p.annotations}
	if kind, name, ok := strings.Cut(p.owner, "/"); ok {
		meta["ownerReferences"] = []object{{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "0", "controller": true}}
	}
	spec := object{"containers": containers("app-", p.containers), "nodeName": "node-1"}
	if p.init != nil {
		spec["initContainers"] = containers("init-", p.init)
	}
	for _, more := range []struct{ to, from object }{{spec, p.spec}, {meta, p.meta}} {
		for key, value := range more.from {
			more.to[key] = value
		}
	}
	path := "/api/v1/namespaces/" + p.namespace + "/pods"
	c.create(t, path, object{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
	status := object{"phase": "Running", "conditions": []object{{"type": "Ready", "status": "True"}}}
	if p.phase != "" {
		status["phase"] = p.phase
	}
	if p.ip != "" {
		status["podIP"], status["podIPs"] = p.ip, []object{{"ip": p.ip}}
	}
	c.patch(t, path+"/"+p.name+"/status", object{"status": status})
}

func tcp(number int, name string) object {
	o := object{"containerPort": number, "protocol": "TCP"}
	if name != "" {
		o["name"] = name
	}
	return o
}
