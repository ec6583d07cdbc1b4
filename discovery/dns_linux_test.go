package discovery_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	"github.com/prometheus/common/model"
	promdns "github.com/prometheus/prometheus/discovery/dns"
)

// Prometheus' DNS discovery asks the servers of /etc/resolv.conf on port 53, and
// nothing can tell it otherwise. So these tests run in a second process, whose root
// directory holds a resolv.conf of its own: root may change its root directory and
// listen on port 53 of a loopback address that is free, also in a container. Anybody
// else may do so in a user and network namespace.

// dnsRoot is the environment variable that names the root directory of the second
// process.
const dnsRoot = "PERISKOP_TEST_DNS_ROOT"

func TestDNS(t *testing.T) {
	if os.Getenv(dnsRoot) == "" {
		t.Parallel()
		runInDNSRoot(t)
		return
	}
	for name, test := range map[string]func(*testing.T){
		"A records":           testDNSAddresses,
		"SRV records":         testDNSServices,
		"names fail singly":   testDNSPartly,
		"search domain":       testDNSSearchDomain,
		"answers come by TCP": testDNSManyRecords,
	} {
		t.Run(name, test)
	}
}

// runInDNSRoot runs TestDNS in the second process.
func runInDNSRoot(t *testing.T) {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"etc", "tmp"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestDNS$", "-test.v")
	cmd.Env = append(os.Environ(), dnsRoot+"="+root, "TMPDIR=/tmp")
	if uid := os.Geteuid(); uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
			UidMappings: []syscall.SysProcIDMap{{HostID: uid, Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
		}
	}
	out, err := cmd.CombinedOutput()
	t.Logf("second process:\n%s", out)
	if err != nil {
		t.Fatalf("DNS tests in a root directory of their own: %v (it takes root or user namespaces)", err)
	}
	if !strings.Contains(string(out), "--- PASS: TestDNS/SRV_records") {
		t.Fatalf("the DNS tests have not run")
	}
}

// enterDNSRoot makes this process the second one, if it is meant to be.
func enterDNSRoot() {
	root := os.Getenv(dnsRoot)
	if root == "" {
		return
	}
	if err := upLoopback(); err != nil {
		panic(fmt.Sprintf("set up the loopback interface: %v", err))
	}
	if err := syscall.Chroot(root); err != nil {
		panic(fmt.Sprintf("change the root directory: %v", err))
	}
	if err := os.Chdir("/"); err != nil {
		panic(err)
	}
}

// upLoopback is for a new network namespace, in which the interface is down.
func upLoopback() error {
	lo, err := net.InterfaceByName("lo")
	if err != nil || lo.Flags&net.FlagUp != 0 {
		return err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	request := struct { // ifreq of netdevice(7)
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP}
	copy(request.name[:], "lo")
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return errno
	}
	return nil
}

// A nameServer answers for the zone example, and for names under the search domain.
type nameServer struct {
	ip string

	mu      sync.Mutex
	servers []*dns.Server
	records map[question][]dns.RR
	broken  map[string]bool // names that it fails to look up
	tcp     int             // questions by TCP
}

type question struct {
	name string
	kind uint16
}

// serveDNS starts a server, and makes it the only one in resolv.conf.
func serveDNS(t *testing.T) *nameServer {
	t.Helper()
	s := &nameServer{records: map[question][]dns.RR{}, broken: map[string]bool{}}
	for range 100 { // until an address is free
		s.ip = fmt.Sprintf("127.%d.%d.%d", rand.IntN(256), rand.IntN(256), 1+rand.IntN(254))
		if err := s.open(); err == nil {
			break
		} else if !strings.Contains(err.Error(), "address already in use") {
			t.Fatal(err)
		}
	}
	if len(s.servers) == 0 {
		t.Fatal("port 53 is taken on every loopback address; a server that listens on all addresses must be stopped")
	}
	t.Cleanup(func() { s.close(t) })
	text := fmt.Sprintf("nameserver %s\nsearch corp.example\n", s.ip)
	if err := os.WriteFile("/etc/resolv.conf", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *nameServer) open() error {
	address := net.JoinHostPort(s.ip, "53")
	packets, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		_ = packets.Close()
		return err
	}
	for _, server := range []*dns.Server{
		{PacketConn: packets, Handler: s},
		{Listener: listener, Handler: s},
	} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		go func() { _ = server.ActivateAndServe() }()
		<-started
		s.servers = append(s.servers, server)
	}
	return nil
}

func (s *nameServer) close(t *testing.T) {
	t.Helper()
	for _, server := range s.servers {
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
	}
	s.servers = nil
}

func (s *nameServer) reopen(t *testing.T) {
	t.Helper()
	if err := s.open(); err != nil {
		t.Fatal(err)
	}
}

// set replaces the records of a name; without any, the name is gone.
func (s *nameServer) set(t *testing.T, kind uint16, name string, values ...string) {
	t.Helper()
	var records []dns.RR
	for _, value := range values {
		rr, err := dns.NewRR(fmt.Sprintf("%s 1 IN %s %s", name, dns.TypeToString[kind], value))
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, rr)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[question{name, kind}] = records
}

func (s *nameServer) setBroken(name string, broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken[name] = broken
}

func (s *nameServer) ServeDNS(w dns.ResponseWriter, request *dns.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := request.Question[0]
	reply := (&dns.Msg{}).SetReply(request)
	reply.Answer = s.records[question{q.Name, q.Qtype}]
	switch {
	case s.broken[q.Name]:
		reply.SetRcode(request, dns.RcodeServerFailure)
	case len(reply.Answer) == 0:
		reply.SetRcode(request, dns.RcodeNameError)
	}
	if w.LocalAddr().Network() == "tcp" {
		s.tcp++
	} else {
		reply.Truncate(dns.MinMsgSize)
	}
	_ = w.WriteMsg(reply)
}

func dnsConfig(kind string, names ...string) *promdns.SDConfig {
	return &promdns.SDConfig{Names: names, Type: kind, Port: 9000, RefreshInterval: model.Duration(50 * time.Millisecond)}
}

func testDNSAddresses(t *testing.T) {
	server := serveDNS(t)
	server.set(t, dns.TypeA, "web.example.", "10.0.0.1", "10.0.0.2")
	r := run(t, configuredService("web", dnsConfig("A", "web.example.")))
	r.isReady(t)
	r.untilTargets(t, "web", "http://10.0.0.1:9000/-/exceptions", "http://10.0.0.2:9000/-/exceptions")
	first := r.service("web").Targets
	if got := first[0].Discovered.Value("__meta_dns_name"); got != "web.example." {
		t.Errorf("__meta_dns_name: got %q", got)
	}

	server.set(t, dns.TypeA, "web.example.", "10.0.0.2", "10.0.0.3")
	r.untilTargets(t, "web", "http://10.0.0.2:9000/-/exceptions", "http://10.0.0.3:9000/-/exceptions")
	if r.service("web").Targets[0] != first[1] {
		t.Error("the target that stayed is not the same pointer")
	}

	server.set(t, dns.TypeA, "web.example.")
	r.untilTargets(t, "web")
	r.untilProblem(t, "web", `The DNS name "web.example." has no records`)

	server.set(t, dns.TypeA, "web.example.", "10.0.0.4")
	r.untilTargets(t, "web", "http://10.0.0.4:9000/-/exceptions")
	r.untilNoProblem(t, "web")
	began := r.logs.count("level=WARN", "discovery problem began", "service=web", "discovery=dns")
	ended := r.logs.count("level=INFO", "discovery problem ended", "service=web", "discovery=dns")
	if began != 1 || ended != 1 {
		t.Errorf("%d began and %d ended in the log, want 1 and 1:\n%s", began, ended, r.logs)
	}
}

func testDNSServices(t *testing.T) {
	server := serveDNS(t)
	server.set(t, dns.TypeSRV, "_web._tcp.example.", "0 0 8001 a.example.", "0 0 8002 b.example.")
	s := configuredService("web", dnsConfig("SRV", "_web._tcp.example."))
	s.Relabel = rules(t, `[{source_labels: [__meta_dns_srv_record_target], target_label: host}]`)
	r := run(t, s)
	r.isReady(t)
	both := []string{"http://a.example:8001/-/exceptions", "http://b.example:8002/-/exceptions"}
	r.untilTargets(t, "web", both...)
	if got := r.service("web").Targets[0].Labels.Value("host"); got != "a.example." {
		t.Errorf("label host: got %q", got)
	}

	// The server is away: it is not known that anything has changed.
	server.close(t)
	want := []string{
		fmt.Sprintf("The DNS server %s gives no answer.", server.ip),
		`The dns discovery fails: could not resolve "_web._tcp.example.": all servers responded with errors to at least one search domain.`,
	}
	r.until(t, "problems of a server that is away", func() bool { return slices.Equal(r.service("web").Problems, want) })
	r.untilTargets(t, "web", both...)

	server.set(t, dns.TypeSRV, "_web._tcp.example.", "0 0 8003 b.example.")
	server.reopen(t)
	r.untilTargets(t, "web", "http://b.example:8003/-/exceptions")
	r.untilNoProblem(t, "web")
	for _, reason := range want {
		began := r.logs.count("discovery problem began", strings.ReplaceAll(reason, `"`, `\"`))
		ended := r.logs.count("discovery problem ended", strings.ReplaceAll(reason, `"`, `\"`))
		if began != 1 || ended != 1 {
			t.Errorf("%s: %d began and %d ended in the log, want 1 and 1:\n%s", reason, began, ended, r.logs)
		}
	}
}

// Names fail one by one.
func testDNSPartly(t *testing.T) {
	server := serveDNS(t)
	server.set(t, dns.TypeA, "a.example.", "10.0.0.1")
	server.set(t, dns.TypeA, "b.example.", "10.0.0.2")
	r := run(t, configuredService("web", dnsConfig("A", "a.example.", "b.example.", "c.example.")))
	r.isReady(t)
	r.untilTargets(t, "web", "http://10.0.0.1:9000/-/exceptions", "http://10.0.0.2:9000/-/exceptions")
	r.untilProblem(t, "web", `"c.example."`, "has no records")

	server.setBroken("b.example.", true)
	server.set(t, dns.TypeA, "a.example.", "10.0.0.3")
	server.set(t, dns.TypeA, "c.example.", "10.0.0.4")
	r.untilTargets(t, "web", "http://10.0.0.2:9000/-/exceptions", "http://10.0.0.3:9000/-/exceptions", "http://10.0.0.4:9000/-/exceptions")
	r.untilProblem(t, "web", `could not resolve "b.example."`)

	server.setBroken("b.example.", false)
	r.untilNoProblem(t, "web")
}

func testDNSSearchDomain(t *testing.T) {
	server := serveDNS(t)
	server.set(t, dns.TypeAAAA, "web.corp.example.", "fd00::1")
	r := run(t, configuredService("web", dnsConfig("AAAA", "web")))
	r.isReady(t)
	r.untilTargets(t, "web", "http://[fd00::1]:9000/-/exceptions")
	r.untilNoProblem(t, "web")
}

// More records than fit into a datagram come by TCP.
func testDNSManyRecords(t *testing.T) {
	server := serveDNS(t)
	var values, want []string
	for i := range 200 {
		values = append(values, fmt.Sprintf("0 0 %d host.example.", 9000+i))
		want = append(want, fmt.Sprintf("http://host.example:%d/-/exceptions", 9000+i))
	}
	server.set(t, dns.TypeSRV, "_web._tcp.example.", values...)
	r := run(t, configuredService("web", dnsConfig("SRV", "_web._tcp.example.")))
	r.isReady(t)
	if diff := cmp.Diff(urlsOf(r.service("web")), want); diff != "" {
		t.Errorf("targets (-got +want):\n%s", diff)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.tcp == 0 {
		t.Error("nobody asked by TCP")
	}
}
