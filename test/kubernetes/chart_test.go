//go:build e2e_helm

package kubernetes_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

const chart = "../../deploy/helm/periskop-exporter"

// installed is what all is called that the release "periskop" of the chart makes.
const installed = "periskop-periskop-exporter"

// A release installs the chart into a cluster.
type release struct {
	*cluster
	helm string
	// whole is the test that all parts belong to: pods of one are there for those after it.
	whole *testing.T
}

// startRelease starts a cluster in which everybody may do what roles say, and nothing else.
func startRelease(t *testing.T) *release {
	t.Helper()
	r := &release{helm: binary(t, "HELM", "helm"), whole: t}
	binary(t, "EXPORTER", "kubernetes/periskop_exporter") // before a cluster is started in vain
	r.cluster = startClusterWith(t, "RBAC")
	r.write(t, "kubeconfig", fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: test,
		contexts: [{name: test, context: {cluster: test, user: test}}],
		clusters: [{name: test, cluster: {server: %q, insecure-skip-tls-verify: true}}],
		users: [{name: test, user: {token: %s}}]}`, r.url, token))
	// It is ready when the roles are there that it has by itself.
	until(t, "the roles of the API server", func() bool {
		return r.isOK(r.url + "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:discovery")
	})
	for _, namespace := range []string{"monitoring", "shop", "warehouse"} {
		r.createNamespace(t, namespace)
	}
	return r
}

func (r *release) try(args ...string) (string, error) {
	cmd := exec.Command(r.helm, append([]string{"--kubeconfig=" + r.path("kubeconfig"), "--namespace=monitoring"}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+r.dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run runs helm.
func (r *release) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := r.try(args...)
	if err != nil {
		t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// createOperator makes the resources of the Prometheus operator known.
func (r *release) createOperator(t *testing.T) {
	t.Helper()
	for _, name := range []string{"servicemonitors", "prometheusrules"} {
		text, err := os.ReadFile("../../bin/kubernetes/crds/monitoring.coreos.com_" + name + ".yaml")
		if err != nil {
			t.Fatalf("%v; make e2e-helm makes it", err)
		}
		var o object
		if err := yaml.Unmarshal(text, &o); err != nil {
			t.Fatal(err)
		}
		r.create(t, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", o)
	}
	until(t, "the resources of the operator", func() bool {
		return r.isOK(r.url+"/apis/monitoring.coreos.com/v1/servicemonitors") && r.isOK(r.url+"/apis/monitoring.coreos.com/v1/prometheusrules")
	})
}

// get returns an object.
func (r *release) get(t *testing.T, path string) object {
	t.Helper()
	var o object
	if err := json.Unmarshal(r.do(t, http.MethodGet, path, "", nil), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// TestChart installs the chart as users do.
func TestChart(t *testing.T) {
	r := startRelease(t)
	t.Run("without the operator, and then with it", r.testUpgrade)
	t.Run("a misspelt field", r.testMisspelt)
	t.Run("every file of values", r.testValues)
	t.Run("discovers with its own account", r.testDiscovery)
	t.Run("discovers in its namespaces alone", r.testNamespaces)
}

func (r *release) testUpgrade(t *testing.T) {
	const monitors = "/apis/monitoring.coreos.com/v1/namespaces/monitoring/"
	if notes := r.run(t, "install", "periskop", chart); !strings.Contains(notes, "lacks the resources of the Prometheus operator") || !strings.Contains(notes, `periskop.io/scrape: "true"`) {
		t.Errorf("the notes do not say what is missing, or what to do: %s", notes)
	}
	if r.isOK(r.url + monitors + "servicemonitors/" + installed) {
		t.Error("there is a ServiceMonitor without an operator")
	}
	r.createOperator(t)
	r.run(t, "upgrade", "periskop", chart, "--set=persistence.size=1Gi", "--set=image.tag=0.1.1")
	for _, path := range []string{"servicemonitors/" + installed, "prometheusrules/" + installed} {
		r.get(t, monitors+path)
	}
	set, err := json.Marshal(r.get(t, "/apis/apps/v1/namespaces/monitoring/statefulsets/"+installed))
	if err != nil || !strings.Contains(string(set), "/periskop_exporter:0.1.1") {
		t.Errorf("the upgrade has not changed the image: %s, %v", set, err)
	}
	r.run(t, "uninstall", "periskop")
	if r.isOK(r.url + monitors + "prometheusrules/" + installed) {
		t.Error("the rules are left behind")
	}
}

// testMisspelt shows that an installation here finds what helm's own checks do not.
func (r *release) testMisspelt(t *testing.T) {
	wrong := filepath.Join(t.TempDir(), "periskop-exporter")
	if out, err := exec.Command("cp", "-r", chart, wrong).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	file := filepath.Join(wrong, "templates/statefulset.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), "readinessProbe:", "readinesProbe:", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	r.run(t, "lint", "--strict", wrong)
	if out, err := r.try("install", "wrong", wrong); err == nil || !strings.Contains(out, "readinesProbe") {
		t.Errorf("got %v, %s", err, out)
	}
	r.run(t, "uninstall", "wrong")
}

// testValues installs the chart with all values of the golden files, and sends the API server
// the pods of its tests as well, which nothing runs here.
func (r *release) testValues(t *testing.T) {
	values, err := filepath.Glob("../deploy/testdata/helm/*/values.yaml")
	if err != nil || len(values) < 10 {
		t.Fatalf("found %d files of values: %v", len(values), err)
	}
	for _, file := range values {
		name := filepath.Base(filepath.Dir(file))
		t.Run(name, func(t *testing.T) {
			notes := r.run(t, "install", name, chart, "--values="+file)
			if warns := strings.Contains(notes, "WARNING: persistence is off"); warns != (name == "ephemeral") {
				t.Errorf("the notes are %s", notes)
			}
			if hooks := r.run(t, "get", "hooks", name); strings.Contains(hooks, "kind: Pod") {
				var pod object
				if err := yaml.Unmarshal([]byte(hooks), &pod); err != nil {
					t.Fatal(err)
				}
				r.create(t, "/api/v1/namespaces/monitoring/pods?dryRun=All&fieldValidation=Strict", pod)
			}
			r.run(t, "uninstall", name)
		})
	}
}

// tokenOf returns a token of a service account, as a pod is given one.
func (r *release) tokenOf(t *testing.T, account string) string {
	t.Helper()
	answer := r.do(t, http.MethodPost, "/api/v1/namespaces/monitoring/serviceaccounts/"+account+"/token", "application/json",
		object{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": object{}})
	var request struct{ Status struct{ Token string } }
	if err := json.Unmarshal(answer, &request); err != nil || request.Status.Token == "" {
		t.Fatalf("got no token: %v: %s", err, answer)
	}
	return request.Status.Token
}

// startInstalled runs the program as the StatefulSet has it run: with its flags and its
// configuration, and with the token of its account. Only what is in a pod by itself is
// replaced: where files are, and how the API server is found.
func (r *release) startInstalled(t *testing.T, name string) *exporter {
	t.Helper()
	dir := t.TempDir()
	account := r.tokenOf(t, name)
	for file, text := range map[string]string{"token": account, "config.yaml": r.configuration(t, name, filepath.Join(dir, "token"))} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	address, health := freeAddress(t), freeAddress(t)
	places := strings.NewReplacer("=/etc/periskop-exporter/config", "="+dir, "=/data", "="+filepath.Join(dir, "data"), "=:9968", "="+address, "=:9969", "="+health)
	var set struct {
		Spec struct {
			Template struct {
				Spec struct{ Containers []struct{ Args []string } }
			}
		}
	}
	if err := json.Unmarshal(r.do(t, http.MethodGet, "/apis/apps/v1/namespaces/monitoring/statefulsets/"+name, "", nil), &set); err != nil {
		t.Fatal(err)
	}
	var args []string
	for _, arg := range set.Spec.Template.Spec.Containers[0].Args {
		args = append(args, places.Replace(arg))
	}
	start(t, "periskop_exporter", binary(t, "EXPORTER", "kubernetes/periskop_exporter"), args...)
	e := &exporter{url: "http://" + address}
	until(t, "the exporter to be ready", func() bool { return read(t.Context(), "http://"+health+"/-/ready") != "" })
	return e
}

// configuration is that of the ConfigMap, for an API server that is found by no variable of
// the environment.
func (r *release) configuration(t *testing.T, name, tokenFile string) string {
	t.Helper()
	var m struct{ Data map[string]string }
	if err := json.Unmarshal(r.do(t, http.MethodGet, "/api/v1/namespaces/monitoring/configmaps/"+name, "", nil), &m); err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := yaml.Unmarshal([]byte(m.Data["config.yaml"]), &config); err != nil {
		t.Fatal(err)
	}
	services, _ := config["services"].([]any)
	service, _ := services[0].(map[string]any)
	discoveries, _ := service["kubernetes_sd_configs"].([]any)
	discovery, ok := discoveries[0].(map[string]any)
	if !ok {
		t.Fatalf("found no discovery in %v", config)
	}
	discovery["api_server"] = r.url
	discovery["tls_config"] = object{"ca_file": r.path("certs/apiserver.crt")}
	discovery["authorization"] = object{"credentials_file": tokenFile}
	service["scraper"] = object{"refresh_interval": "200ms", "timeout": "200ms"}
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// testDiscovery finds pods in all namespaces with nothing but two annotations.
func (r *release) testDiscovery(t *testing.T) {
	r.run(t, "install", "periskop", chart)
	n := newNetwork()
	for _, namespace := range []string{"shop", "warehouse"} {
		replica := n.serve(r.whole, 0)
		podSpec{
			namespace: namespace, name: namespace + "-0", ip: replica.ip, labels: map[string]string{"app": namespace},
			annotations: map[string]string{"periskop.io/scrape": "true", "periskop.io/port": fmt.Sprint(replica.port)},
			containers:  [][]object{{}},
		}.create(t, r.cluster)
	}
	e := r.startInstalled(t, installed)
	for _, namespace := range []string{"shop", "warehouse"} {
		until(t, "the pod of "+namespace, func() bool { return slices.Equal(e.up(t, namespace), []string{namespace + "-0"}) })
	}
	// It may read pods, and no more.
	account := r.tokenOf(t, installed)
	for path, want := range map[string]int{"/api/v1/pods": http.StatusOK, "/api/v1/secrets": http.StatusForbidden, "/api/v1/nodes": http.StatusForbidden} {
		if got := r.statusFor(t, account, path); got != want {
			t.Errorf("its account asks for %s: status %d, want %d", path, got, want)
		}
	}
	r.run(t, "uninstall", "periskop")
}

// testNamespaces finds the pods of one namespace, with no right to see those of others.
func (r *release) testNamespaces(t *testing.T) {
	r.run(t, "install", "periskop", chart, "--set=rbac.namespaces={shop}")
	e := r.startInstalled(t, installed)
	until(t, "the pod of shop", func() bool { return slices.Equal(e.up(t, "shop"), []string{"shop-0"}) })
	if up := e.up(t, "warehouse"); len(up) > 0 {
		t.Errorf("found %v", up)
	}
	account := r.tokenOf(t, installed)
	for path, want := range map[string]int{
		"/api/v1/namespaces/shop/pods": http.StatusOK, "/api/v1/namespaces/warehouse/pods": http.StatusForbidden, "/api/v1/pods": http.StatusForbidden,
	} {
		if got := r.statusFor(t, account, path); got != want {
			t.Errorf("its account asks for %s: status %d, want %d", path, got, want)
		}
	}
	r.run(t, "uninstall", "periskop")
}

// statusFor returns how the API server answers the holder of a token.
func (r *release) statusFor(t *testing.T, token, path string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatal(errors.Join(errors.New(path), err))
	}
	defer response.Body.Close()
	return response.StatusCode
}
