//go:build e2e_kubernetes || e2e_helm

package kubernetes_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// deadline bounds every wait: a kube-apiserver takes a while to start on a busy
// machine.
const deadline = 2 * time.Minute

// token is what the API server lets in. It is as secret as this file.
const token = "e2e-kubernetes"

// A cluster is an etcd and a kube-apiserver on loopback. There is neither kubelet nor
// controller: pods are what a test says they are.
type cluster struct {
	dir    string
	url    string
	client *http.Client
	etcd   string // its URL
	server *process
	// authorization says who may do what.
	authorization string
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	return startClusterWith(t, "AlwaysAllow")
}

// startClusterWith starts one with that mode of authorization. The token may do everything.
func startClusterWith(t *testing.T, authorization string) *cluster {
	t.Helper()
	c := &cluster{
		dir: t.TempDir(), authorization: authorization,
		client: &http.Client{
			Timeout: 10 * time.Second,
			// The certificate is made by the server when it starts.
			Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		},
	}
	c.url = "https://" + freeAddress(t)
	c.startEtcd(t)
	c.write(t, "tokens.csv", token+",admin,admin,system:masters\n")
	c.write(t, "token", token)
	c.write(t, "accounts.key", privateKey(t))
	c.startServer(t)
	return c
}

func (c *cluster) path(name string) string { return filepath.Join(c.dir, name) }

func (c *cluster) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(c.path(name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func privateKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func (c *cluster) startEtcd(t *testing.T) {
	t.Helper()
	path, err := exec.LookPath("etcd")
	if err != nil {
		t.Fatalf("%v: it is in Debian's package etcd-server", err)
	}
	peer := "http://" + freeAddress(t)
	c.etcd = "http://" + freeAddress(t)
	start(t, "etcd", path,
		"--data-dir="+c.path("etcd"),
		"--listen-client-urls="+c.etcd, "--advertise-client-urls="+c.etcd,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer,
		"--unsafe-no-fsync",
	)
	until(t, "etcd to be healthy", func() bool { return c.isOK(c.etcd + "/health") })
}

// startServer starts the API server, or starts it again where it was.
func (c *cluster) startServer(t *testing.T) {
	t.Helper()
	address, err := net.ResolveTCPAddr("tcp", c.url[len("https://"):])
	if err != nil {
		t.Fatal(err)
	}
	c.server = start(t, "kube-apiserver", binary(t, "KUBE_APISERVER", "kube-apiserver"),
		"--etcd-servers="+c.etcd,
		"--bind-address=127.0.0.1", "--secure-port="+strconv.Itoa(address.Port), "--cert-dir="+c.path("certs"),
		"--token-auth-file="+c.path("tokens.csv"), "--authorization-mode="+c.authorization,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+c.path("accounts.key"), "--service-account-signing-key-file="+c.path("accounts.key"),
		"--service-cluster-ip-range=10.0.0.0/24",
		// Without controllers there are no service accounts, and nobody to be
		// the endpoints of the API itself.
		"--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none",
	)
	until(t, "kube-apiserver to be ready", func() bool { return c.isOK(c.url + "/readyz") })
}

func (c *cluster) isOK(url string) bool {
	response, err := c.request(http.MethodGet, url, "", nil)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func (c *cluster) request(method, url, contentType string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", contentType)
	return c.client.Do(request)
}

// An object is a Kubernetes object, or a part of one.
type object map[string]any

func (c *cluster) create(t *testing.T, path string, o object) {
	t.Helper()
	c.do(t, http.MethodPost, path, "application/json", o)
}

func (c *cluster) patch(t *testing.T, path string, o object) {
	t.Helper()
	c.do(t, http.MethodPatch, path, "application/merge-patch+json", o)
}

func (c *cluster) delete(t *testing.T, path string) {
	t.Helper()
	c.do(t, http.MethodDelete, path, "application/json", object{"gracePeriodSeconds": 0})
}

// do sends an object, and returns the answer.
func (c *cluster) do(t *testing.T, method, path, contentType string, o object) []byte {
	t.Helper()
	var body []byte
	if o != nil {
		var err error
		if body, err = json.Marshal(o); err != nil {
			t.Fatal(err)
		}
	}
	response, err := c.request(method, c.url+path, contentType, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if response.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s\n%s", method, path, response.Status, answer)
	}
	return answer
}

// A process is a program that runs until the test ends, at the latest.
type process struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
}

// start starts a program, whose output is shown if the test fails.
func start(t *testing.T, name, path string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{name: name, cancel: cancel, done: make(chan struct{})}
	output := &bytes.Buffer{}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	// It must not outlive a test that is killed. The signal comes when the thread
	// ends that started it, so that thread waits for it as well.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		cancel()
		t.Fatalf("start %s: %v", name, err)
	}
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("output of %s:\n%s", name, last(output.Bytes(), 8000))
		}
	})
	return p
}

func (p *process) stop() {
	p.cancel()
	<-p.done
}

func last(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// binary returns the path of a program: what the environment variable says, or where
// the Makefile puts it.
func binary(t *testing.T, variable, name string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		path = filepath.Join("..", "..", "bin", name)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v; make e2e-kubernetes or e2e-helm builds it, or %s may name another", err, variable)
	}
	return path
}

// freeAddress returns a loopback address at which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// until waits for something that can only be asked for.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(deadline); time.Now().Before(end); <-ticker.C {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}
