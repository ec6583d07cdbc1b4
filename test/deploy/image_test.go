//go:build e2e_image

package deploy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// An engine is podman with storage of its own, into which the image is loaded.
type engine struct {
	args  []string
	image string
}

// newEngine loads the image that `make image` has built.
func newEngine(t *testing.T) *engine {
	t.Helper()
	// Not below the directory of the test: paths of storage have a limit.
	dir, err := os.MkdirTemp("", "podman")
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{args: []string{
		"--storage-driver=vfs", "--root=" + dir + "/storage", "--runroot=" + dir + "/run", "--runtime=runc", "--cgroup-manager=cgroupfs",
	}}
	t.Cleanup(func() {
		e.podman(t, "rm", "--force", "--all", "--volumes")
		e.podman(t, "rmi", "--force", "--all")
		if err := os.RemoveAll(dir); err != nil {
			t.Log(err)
		}
	})
	e.podman(t, "load", "--input", fromRoot("bin/image/periskop_exporter.tar"))
	e.image = "localhost/periskop_exporter:" + version(t)
	return e
}

// podman runs it, and returns what it prints.
func (e *engine) podman(t *testing.T, args ...string) string {
	t.Helper()
	out, err := e.try(args...)
	if err != nil {
		t.Fatalf("podman %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (e *engine) try(args ...string) (string, error) {
	cmd := exec.Command("podman", append(slices.Clone(e.args), args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, &stderr)
	}
	return strings.TrimSpace(string(out)), err
}

// A container runs the image as careful users do: nothing of it can be written but /data, it
// has no capability, cannot get any, and little memory.
type container struct {
	*engine
	id, url string
}

// run starts one with further arguments of podman, and a configuration of one target.
func (e *engine) run(t *testing.T, target string, args ...string) *container {
	t.Helper()
	address := process.FreeAddress(t)
	args = slices.Concat([]string{
		"run", "--detach", "--network=host", "--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096",
		"--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges", "--memory=100m",
		"--volume=" + configuration(t, target) + ":/config.yaml:ro",
	}, args, []string{e.image, "--web.listen-address=" + address})
	c := &container{engine: e, url: "http://" + address}
	c.id = e.podman(t, args...)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.log(t))
		}
		e.podman(t, "rm", "--force", "--volumes", c.id)
	})
	return c
}

// up waits until the program is ready and has scraped its target.
func (c *container) up(t *testing.T) *container {
	t.Helper()
	waitFor(t, c.url, "periskop_target_up", "1")
	return c
}

// log returns what the program has written.
func (c *container) log(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("podman", append(slices.Clone(c.args), "logs", c.id)...).CombinedOutput()
	if err != nil {
		t.Error(err)
	}
	return string(out)
}

// proc returns the value of a line of /proc/PID/status.
func (c *container) proc(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile("/proc/" + c.podman(t, "inspect", "--format={{.State.Pid}}", c.id) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.Fields(value)
		}
	}
	t.Fatalf("no %s in %s", name, text)
	return nil
}

// TestImage runs the image with all that a careful user takes from it.
func TestImage(t *testing.T) {
	e := newEngine(t)
	t.Run("keeps its state over a kill and a restart", e.testState)
	t.Run("keeps within its memory", e.testMemory)
	t.Run("runs as any user of the group root", e.testOtherUser)
	t.Run("says what to do when it cannot write", e.testUnwritable)
	t.Run("is healthy without a flag", e.testDefaults)
	t.Run("says what it is", e.testLabels)
}

func (e *engine) testState(t *testing.T) {
	shop := newTarget(t)
	first := e.run(t, shop.address, "--volume=state:/data").up(t)
	if got := first.proc(t, "Uid")[1]; got != "65532" {
		t.Errorf("runs as user %s", got)
	}
	if got := first.proc(t, "CapBnd")[0]; strings.Trim(got, "0") != "" {
		t.Errorf("has the capabilities %s", got)
	}
	shop.total.Store(5)
	waitFor(t, first.url, "periskop_exceptions_total", "3")
	e.podman(t, "kill", "--signal=KILL", first.id)

	shop.total.Store(9) // while nobody looks
	second := e.run(t, shop.address, "--volume=state:/data").up(t)
	waitFor(t, second.url, "periskop_exceptions_total", "7")
	e.podman(t, "stop", "--time=20", second.id)
	if !strings.Contains(second.log(t), "msg=stopping") {
		t.Error("SIGTERM did not reach the program")
	}
}

// testMemory looks whether the program sees the limit, as which 100 MB are enough.
func (e *engine) testMemory(t *testing.T) {
	shop := newTarget(t)
	c := e.run(t, shop.address).up(t)
	shop.total.Store(3)
	waitFor(t, c.url, "periskop_exceptions_total", "1")
	limit := 100 << 20 * 9 / 10
	waitFor(t, c.url, "go_gc_gomemlimit_bytes", strconv.FormatFloat(float64(limit), 'g', -1, 64))
	if state := c.podman(t, "inspect", "--format={{.State.OOMKilled}} {{.State.Running}}", c.id); state != "false true" {
		t.Errorf("out of memory and running: %s", state)
	}
}

func (e *engine) testOtherUser(t *testing.T) {
	shop := newTarget(t)
	c := e.run(t, shop.address, "--user=12345:0").up(t)
	if got := c.proc(t, "Uid")[1]; got != "12345" {
		t.Errorf("runs as user %s", got)
	}
	waitFor(t, c.url, "periskop_exporter_state_last_commit_successful", "1")
}

// testUnwritable looks for one line that says what to do.
func (e *engine) testUnwritable(t *testing.T) {
	shop := newTarget(t)
	t.Run("read-only", func(t *testing.T) {
		c := e.run(t, shop.address, "--volume="+t.TempDir()+":/data:ro").up(t)
		waitFor(t, c.url, "periskop_exporter_state_last_commit_successful", "0")
		want := "mount a volume that can be written at data/, or name another directory with --storage.path"
		if got := strings.Count(c.log(t), want); got != 1 {
			t.Errorf("%d lines of the log say %q", got, want)
		}
	})
	t.Run("of another user", func(t *testing.T) {
		c := e.run(t, shop.address, "--user=12345:12345")
		if status := e.podman(t, "wait", c.id); status != "1" {
			t.Errorf("ended with status %s", status)
		}
		want := "permission denied; let user 12345 read and write data/ and its files: chown them, or set fsGroup in Kubernetes\n"
		if got := c.log(t); !strings.HasSuffix(got, want) || strings.Count(got, "\n") != 1 {
			t.Errorf("says %q, want one line that ends in %q", got, want)
		}
	})
}

// testDefaults runs it without a flag, in a network of its own, where its port is free.
func (e *engine) testDefaults(t *testing.T) {
	id := e.podman(t, "run", "--detach", "--network=none", "--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096",
		"--volume="+configuration(t, "localhost:9968")+":/config.yaml:ro", e.image)
	process.Eventually(t, "the container is healthy", func() error {
		_, err := e.try("healthcheck", "run", id)
		return err
	})
	e.podman(t, "rm", "--force", "--volumes", id)
}

func (e *engine) testLabels(t *testing.T) {
	var images []struct {
		Architecture string
		Config       struct {
			User         string
			ExposedPorts map[string]any
			Volumes      map[string]any
			Healthcheck  map[string]any
			Labels       map[string]string
		}
	}
	if err := json.Unmarshal([]byte(e.podman(t, "inspect", "--type=image", e.image)), &images); err != nil || len(images) != 1 {
		t.Fatal(err, images)
	}
	c := images[0].Config
	if _, port := c.ExposedPorts["9968/tcp"]; !port || c.User != "65532:65532" || len(c.Volumes) != 1 {
		t.Errorf("got %+v", c)
	}
	if got := c.Labels["org.opencontainers.image.version"]; got != version(t) {
		t.Errorf("its version is %q", got)
	}
	if got := c.Labels["org.opencontainers.image.revision"]; len(got) != 40 {
		t.Errorf("its revision is %q", got)
	}
	printed := e.podman(t, "run", "--rm", "--network=host", "--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096", e.image, "--version")
	if !strings.Contains(printed, "version "+version(t)) || !strings.Contains(printed, c.Labels["org.opencontainers.image.revision"]) {
		t.Errorf("prints %s", printed)
	}
}
