//go:build e2e

package deploy_test

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// block returns the first block of a language on a page of the documentation.
func block(t *testing.T, page, language string) string {
	t.Helper()
	text, err := os.ReadFile(fromRoot("docs/" + page))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(text)
	if m == nil {
		t.Fatalf("%s has no block of %s", page, language)
	}
	return string(m[1])
}

// startNginx runs nginx with those locations.
func startNginx(t *testing.T, address, ready, locations string) *process.Program {
	t.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		t.Fatalf("%v; make e2e installs it", err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; pid %[1]s/pid; error_log stderr; events {}
http {
  access_log off;
  client_body_temp_path %[1]s/1; proxy_temp_path %[1]s/2; fastcgi_temp_path %[1]s/3; uwsgi_temp_path %[1]s/4; scgi_temp_path %[1]s/5;
  server {
    listen %[2]s;
%[3]s
  }
}
`, dir, address, locations)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return process.Command(t, path, address, ready, "-c", file, "-p", dir)
}

// hrefs are the links of a page.
var hrefs = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)

// TestNginx runs the configuration of the documentation, and one that takes the prefix away.
func TestNginx(t *testing.T) {
	documented := block(t, "proxy.md", "nginx")
	for _, c := range []struct {
		name, pass, ready string
		args              []string
	}{
		{"the path as it is", "http://%s;", "/periskop/-/ready", nil},
		{"without the prefix", "http://%s/;", "/-/ready", []string{"--web.route-prefix=/"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			shop := newTarget(t)
			address, own := process.FreeAddress(t), process.FreeAddress(t)
			process.Command(t, fromRoot("bin/slim/periskop_exporter"), own, c.ready, append([]string{
				"--config.file=" + configuration(t, shop.address), "--storage.path=" + t.TempDir(),
				"--web.listen-address=" + own, "--web.external-url=http://" + address + "/periskop",
			}, c.args...)...)
			const passed = "http://localhost:9968;"
			if !strings.Contains(documented, passed) {
				t.Fatalf("the configuration does not pass on to %s", passed)
			}
			here := fmt.Sprintf(c.pass, own)
			startNginx(t, address, "/periskop/-/ready", strings.ReplaceAll(documented, passed, here))
			checkPages(t, "http://"+address, shop)
		})
	}
}

// checkPages follows the links of the overview, and resolves an exception, as a browser does.
func checkPages(t *testing.T, proxy string, shop *target) {
	t.Helper()
	waitFor(t, proxy+"/periskop", "periskop_target_up", "1")
	shop.total.Store(5)
	waitFor(t, proxy+"/periskop", "periskop_exceptions_total", "3")
	page, err := process.Get(t.Context(), proxy+"/periskop/")
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(proxy + "/periskop/")
	if err != nil {
		t.Fatal(err)
	}
	followed := 0
	for _, link := range hrefs.FindAllStringSubmatch(page, -1) {
		to, err := base.Parse(html.UnescapeString(link[1]))
		if err != nil || to.Host != base.Host {
			continue // to the documentation
		}
		followed++
		if !strings.HasPrefix(to.Path, "/periskop") {
			t.Errorf("%s leads elsewhere", link[1])
		} else if _, err := process.Get(t.Context(), to.String()); err != nil {
			t.Error(err)
		}
	}
	if followed < 5 {
		t.Errorf("found %d links on the overview", followed)
	}
	for _, origin := range []string{"http://elsewhere.example.com", proxy} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, proxy+"/periskop/services/shop/errors/NoStock@1a/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", origin)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, response.Body)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if (origin == proxy) != (response.StatusCode == http.StatusNoContent) {
			t.Errorf("a request that resolves, of a page at %s: %s", origin, response.Status)
		}
	}
}
