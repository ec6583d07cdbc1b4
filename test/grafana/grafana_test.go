//go:build e2e_grafana

package grafana_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// settings are those of a Grafana that anybody on this machine may look at, and that
// asks nobody.
const settings = `app_mode = production
[paths]
data = %[1]s/data
logs = %[1]s/logs
plugins = %[1]s/plugins
provisioning = %[1]s/provisioning
[server]
http_addr = %[2]s
http_port = %[3]s
[analytics]
reporting_enabled = false
check_for_updates = false
check_for_plugin_updates = false
[security]
disable_gravatar = true
[auth]
disable_login_form = true
[auth.anonymous]
enabled = true
org_role = Admin
[news]
news_feed_enabled = false
[plugins]
plugin_admin_enabled = false
`

// TestGrafana provisions a real Grafana beside a real Prometheus and the demo, and looks
// at every dashboard. GRAFANA_HOME is the directory of one, from version 10 on; pictures
// go to SCREENSHOTS.
func TestGrafana(t *testing.T) {
	home := os.Getenv("GRAFANA_HOME")
	if home == "" {
		t.Fatal("GRAFANA_HOME is not set: give the directory of a Grafana, as make e2e-grafana GRAFANA_HOME=/usr/share/grafana")
	}
	screenshots := os.Getenv("SCREENSHOTS")
	if screenshots == "" {
		screenshots = filepath.Join(t.TempDir(), "screenshots")
	}
	demo := process.Demo(t)
	prometheus := process.Prometheus(t, process.PrometheusOptions{
		Scrape: []*process.Program{demo}, Args: []string{"--enable-feature=exemplar-storage"},
	})
	grafana := process.Grafana(t, home, func(dir, host, port string) string {
		boards(t, filepath.Join(dir, "dashboards"), "--web.external-url="+demo.URL)
		write(t, filepath.Join(dir, "provisioning", "dashboards", "periskop.yaml"),
			process.Run(t, "dashboards", "--format=provider", "--provider.path="+filepath.Join(dir, "dashboards")))
		write(t, filepath.Join(dir, "provisioning", "datasources", "prometheus.yaml"),
			process.Run(t, "dashboards", "--format=datasource", "--datasource.url="+prometheus.URL, "--web.external-url="+demo.URL))
		return fmt.Sprintf(settings, dir, host, port)
	})
	process.Eventually(t, "a new exception, and rates of all", func() error {
		samples, err := process.Query(t.Context(), prometheus, `rate(periskop_exceptions_total{aggregation_key=~".*SignInFailed.*"}[1m]) > 0`)
		if err == nil && len(samples) == 0 {
			err = fmt.Errorf("none yet")
		}
		return err
	})
	run(t, "node", "look.mjs", grafana.URL, screenshots, "periskop-overview", "periskop-service", "periskop-exporter")
}
