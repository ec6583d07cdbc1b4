package dashboards_test

import (
	"encoding/json"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/dashboards"
)

// TestProvisioning holds the files that are committed to what the code writes.
func TestProvisioning(t *testing.T) {
	provider, err := dashboards.Provider("/var/lib/grafana/dashboards/periskop")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "provisioning/dashboards.yaml", provider)
	source, err := dashboards.DataSource("http://localhost:9090", dashboards.Options{ExternalURL: "http://localhost:9968/"})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "provisioning/datasource.yaml", source)
	resource, err := dashboards.ConfigMap{}.Write(dashboards.Options{})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "provisioning/configmap.yaml", resource)
}

func TestConfigMap(t *testing.T) {
	text, err := dashboards.ConfigMap{Name: "p", Namespace: "monitoring", Labels: map[string]string{"a": "b"}}.Write(dashboards.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Metadata struct {
			Name, Namespace string
			Labels          map[string]string
		}
		Data map[string]string
	}
	if err := yaml.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if m := got.Metadata; m.Name != "p" || m.Namespace != "monitoring" || m.Labels["a"] != "b" {
		t.Errorf("metadata is %+v", m)
	}
	for _, name := range dashboards.Names() {
		if !json.Valid([]byte(got.Data["periskop-"+name+".json"])) {
			t.Errorf("%s is no JSON in it", name)
		}
	}
	const most = 1 << 20 // what Kubernetes takes
	if len(text) > most/2 {
		t.Errorf("it has %d bytes", len(text))
	}
}

func TestProvisioningErrors(t *testing.T) {
	if _, err := (dashboards.ConfigMap{Name: "A b"}).Write(dashboards.Options{}); err == nil {
		t.Error("a name that Kubernetes refuses is no error")
	}
	for _, c := range [][2]string{{"", "http://a"}, {"a:9090", "http://a"}, {"http://a", ""}, {"http://a", "b"}} {
		if _, err := dashboards.DataSource(c[0], dashboards.Options{ExternalURL: c[1]}); err == nil {
			t.Errorf("%q is no error", c)
		}
	}
}
