//go:build e2e_docs

package docs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A workplace is a directory with what the commands of the pages need beside them.
type workplace struct {
	demo      *demo
	dir, root string
	env       []string
	demoNames *strings.Replacer // from the names of the pages to those of the demo
}

// configuration is that of who reads the pages.
const configuration = `grouping: [{key: '{class}@{own_frame}'}]
services:
  - name: checkout
    static_configs: [{targets: []}]
  - name: nightly
    push: true
    static_configs: [{targets: []}]
`

// standIns are scripts in place of programs that need a cluster, with what they print.
var standIns = map[string]string{
	"kubectl": "cat > applied.yaml",
	"helm":    `echo '{"data": {"config.yaml": "services: [...]"}}'`,
	"yq":      "cat >/dev/null; cat config.yaml",
	// An answer that tells of an error is one, unless an example has it.
	"curl": `exec /usr/bin/curl --fail-with-body "$@"`,
}

// newWorkplace returns one with the programs alone.
func newWorkplace(t *testing.T) *workplace {
	t.Helper()
	w := &workplace{dir: t.TempDir()}
	var err error
	if w.root, err = filepath.Abs(root); err != nil {
		t.Fatal(err)
	}
	w.env = append(os.Environ(), "PPROF_TMPDIR="+w.dir,
		"PATH="+w.path("tools")+":"+filepath.Join(w.root, "bin")+":"+os.Getenv("PATH"))
	for name, script := range standIns {
		w.write(t, "tools/"+name, "#!/bin/sh\n"+script+"\n", 0o700)
	}
	if err := os.MkdirAll(w.path("bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(w.root, "bin", "periskop_exporter"), w.path("bin/periskop_exporter")); err != nil {
		t.Fatal(err)
	}
	return w
}

// beside fills the workplace for commands that are typed beside the demo.
func (w *workplace) beside(t *testing.T, d *demo) *workplace {
	t.Helper()
	w.demo = d
	own := host(process.Exporter(t, configuration, "--web.enable-pprof").URL)
	w.demoNames = strings.NewReplacer("localhost:9968/push", own+"/push", "localhost:9968/debug", own+"/debug", "localhost:9968", host(d.exporter.URL),
		"http://localhost:8080/-/exceptions", "'"+d.exporter.URL+"/federate?service_name=checkout'")
	for name, text := range map[string]string{
		"config.yaml": configuration,
		"web.yaml":    w.webConfig(t),
		"report.json": `{"target_uuid": "a", "aggregated_errors": []}`,
	} {
		w.write(t, name, text, 0o600)
	}
	w.write(t, "tools/amtool", fmt.Sprintf("#!/bin/sh\nexec %q --alertmanager.url=%s \"$@\"\n", filepath.Join(w.root, "bin", "amtool"), d.alertmanager), 0o700)
	w.certificate(t)
	return w
}

func (w *workplace) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

func (w *workplace) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	path := w.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// webConfig returns the example of a configuration for TLS and passwords.
func (w *workplace) webConfig(t *testing.T) string {
	t.Helper()
	for _, b := range ofKind(t, settings) {
		if strings.HasPrefix(b.text, "tls_server_config:") {
			return b.text
		}
	}
	t.Fatal("no example has tls_server_config")
	return ""
}

// certificate writes the certificate that the example names.
func (w *workplace) certificate(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, "server.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), 0o600)
	w.write(t, "server.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), 0o600)
}

// serve runs a line that goes on until it is stopped, at a free port, waits until it
// listens, and stops it.
func (w *workplace) serve(t *testing.T, line string) {
	t.Helper()
	log, err := os.Create(w.path("serve.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	line = strings.ReplaceAll(line, "=:9969", "=127.0.0.1:0") + " --web.listen-address=127.0.0.1:0"
	cmd := exec.CommandContext(t.Context(), "bash", "-c", "exec "+line)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = w.dir, w.env, log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	process.Eventually(t, line+" listens", func() error {
		text, err := os.ReadFile(w.path("serve.log"))
		select {
		case err := <-ended:
			t.Fatalf("%s\n%v\n%s", line, err, text)
		default:
		}
		if err == nil && !strings.Contains(string(text), "Listening on") {
			err = errors.New("not yet")
		}
		return err
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("%s\nended with %v", line, err)
	}
}
