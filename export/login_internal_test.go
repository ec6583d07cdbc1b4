package export

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	commonconfig "github.com/prometheus/common/config"
	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// serve serves the engine over a protocol, at an address or at a free one for "", with TLS if
// there are settings for it.
func (e *engine) serve(t *testing.T, protocol, address string, settings *tls.Config) (at string, stop func()) {
	t.Helper()
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	if protocol == "grpc" {
		var options []grpc.ServerOption
		if settings != nil {
			options = append(options, grpc.Creds(credentials.NewTLS(settings)))
		}
		server := grpc.NewServer(options...)
		collector.RegisterLogsServiceServer(server, e)
		go func() { done <- server.Serve(listener) }()
		return listener.Addr().String(), func() { server.Stop(); <-done }
	}
	server := httptest.NewUnstartedServer(e)
	_ = server.Listener.Close()
	server.Listener, server.TLS = listener, settings
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	if settings != nil {
		server.StartTLS()
	} else {
		server.Start()
	}
	return listener.Addr().String(), server.Close
}

// over makes the exporter send to the engine by a protocol.
func (s *setup) over(protocol string, e *engine, settings *tls.Config, change ...func(*Settings)) (at string, stop func()) {
	s.t.Helper()
	at, stop = e.serve(s.t, protocol, "", settings)
	s.settings.GRPC, s.settings.URL = protocol == "grpc", &url.URL{Scheme: "http", Host: at}
	if settings != nil {
		s.settings.URL.Scheme = "https"
	}
	if protocol != "grpc" {
		s.settings.URL.Path = "/v1/logs"
	}
	for _, c := range change {
		c(&s.settings)
	}
	if err := s.Configure(s.settings); err != nil {
		s.t.Fatal(err)
	}
	return at, stop
}

// A person has a certificate: an authority, a server, or a client.
type person struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newPerson makes a certificate, which is signed by itself without another.
func newPerson(t *testing.T, by *person) *person {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour),
		IsCA: by == nil, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	p := &person{template, key}
	if by == nil {
		by = p
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	if p.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return p
}

// write writes the certificate, and the key, to files of a directory.
func (p *person) write(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: p.cert.Raw}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// serverOf returns the settings of a server that wants clients of the same authority.
func serverOf(t *testing.T, authority *person) *tls.Config {
	t.Helper()
	server := newPerson(t, authority)
	pool := x509.NewCertPool()
	pool.AddCert(authority.cert)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{server.cert.Raw}, PrivateKey: server.key}},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12,
	}
}

// TestCertificates are read again when they have changed, without a reload, whatever the protocol.
func TestCertificates(t *testing.T) {
	for _, protocol := range []string{"http", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			e, dir, authority := &engine{}, t.TempDir(), newPerson(t, nil)
			issue := func(authority *person) {
				authority.write(t, dir, "ca")
				newPerson(t, authority).write(t, dir, "client")
			}
			issue(authority)
			s := newSetup(t, nil)
			at, stop := s.over(protocol, e, serverOf(t, authority), func(s *Settings) {
				s.HTTPClient.TLSConfig = commonconfig.TLSConfig{
					CAFile: filepath.Join(dir, "ca.pem"), CertFile: filepath.Join(dir, "client.pem"), KeyFile: filepath.Join(dir, "client.key"),
				}
			})
			s.give(3)
			s.run()
			stop()

			other := newPerson(t, nil)
			_, stop = e.serve(t, protocol, at, serverOf(t, other))
			defer stop()
			s.give(3)
			s.runUntil(func(now Status) bool { return now.Err != nil && strings.Contains(now.Err.Error(), "certificate") })
			if now := s.Status(); now.Records != 3 || now.Err == nil {
				t.Fatalf("with the wrong certificates %d wait: %v", now.Records, now.Err)
			}
			issue(other)
			s.run()
			s.wantRecords(6, 0, 0)
		})
	}
}

// TestOAuth2 sends a token that it asks for, whatever the protocol.
func TestOAuth2(t *testing.T) {
	for _, protocol := range []string{"http", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			secrets := map[string]int{}
			tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				user, password, _ := r.BasicAuth()
				secrets[user+":"+password]++
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `{"access_token": "token-of-`+password+`", "token_type": "Bearer", "expires_in": 3600}`)
			}))
			defer tokens.Close()
			e := &engine{}
			s := newSetup(t, nil)
			file := filepath.Join(t.TempDir(), "secret")
			write := func(secret string) {
				if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write("first")
			_, stop := s.over(protocol, e, nil, func(s *Settings) {
				s.HTTPClient.OAuth2 = &commonconfig.OAuth2{ClientID: "me", ClientSecretFile: file, TokenURL: tokens.URL}
			})
			defer stop()
			for i, secret := range []string{"first", "first", "second"} {
				write(secret)
				s.give(3)
				s.run()
				if got, want := e.header("Authorization"), "Bearer token-of-"+secret; got != want {
					t.Errorf("request %d has %q, want %q", i, got, want)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if want := map[string]int{"me:first": 1, "me:second": 1}; !cmp.Equal(secrets, want) {
				t.Errorf("was asked for tokens %v, want %v", secrets, want)
			}
		})
	}
}

// header returns a header of the last request.
func (e *engine) header(name string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.headers.Get(name)
}

// TestPasswords sends what authenticates and further headers, and reads files again, whatever
// the protocol.
func TestPasswords(t *testing.T) {
	for _, protocol := range []string{"http", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			e, file := &engine{}, filepath.Join(t.TempDir(), "password")
			s := newSetup(t, nil)
			_, stop := s.over(protocol, e, nil, func(s *Settings) {
				s.Headers = map[string]string{"X-Scope-OrgID": "team-a"}
				s.HTTPClient.BasicAuth = &commonconfig.BasicAuth{Username: "me", PasswordFile: file}
				s.HTTPClient.HTTPHeaders = &commonconfig.Headers{Headers: map[string]commonconfig.Header{"X-Further": {Values: []string{"a"}, Secrets: []commonconfig.Secret{"b"}}}}
			})
			defer stop()
			s.give(1)
			s.runUntil(func(now Status) bool { return now.Err != nil }) // there is no such file
			if s.Status().Records != 1 {
				t.Error("it is sent without a password")
			}
			for password, want := range map[string]string{"p": "Basic bWU6cA==", "q": "Basic bWU6cQ=="} {
				if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
					t.Fatal(err)
				}
				s.give(1)
				s.run()
				if got := e.header("Authorization"); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			e.mu.Lock()
			further := strings.Join(e.headers.Values("X-Further"), ", ")
			e.mu.Unlock()
			if got := e.header("X-Scope-OrgID"); got != "team-a" || further != "a, b" {
				t.Errorf("headers are %q, %q", got, further)
			}
		})
	}
}

// TestProxies has each kind of proxy before a server with TLS, whatever the protocol.
func TestProxies(t *testing.T) {
	authority := newPerson(t, nil)
	dir := t.TempDir()
	authority.write(t, dir, "ca")
	newPerson(t, authority).write(t, dir, "client")
	for _, protocol := range []string{"http", "grpc"} {
		for _, kind := range []string{"http", "https", "socks5"} {
			t.Run(protocol+" through "+kind, func(t *testing.T) {
				t.Parallel()
				asked := &syncedList{}
				through := proxyOf(t, kind, serverOf(t, authority), asked)
				e := &engine{}
				s := newSetup(t, nil)
				at, stop := s.over(protocol, e, serverOf(t, authority), func(s *Settings) {
					s.HTTPClient.ProxyURL = commonconfig.URL{URL: &url.URL{Scheme: kind, Host: through, User: url.UserPassword("me", "secret")}}
					s.HTTPClient.ProxyConnectHeader = commonconfig.ProxyHeader{"X-Team": {"a"}}
					s.HTTPClient.TLSConfig = commonconfig.TLSConfig{
						CAFile: filepath.Join(dir, "ca.pem"), CertFile: filepath.Join(dir, "client.pem"), KeyFile: filepath.Join(dir, "client.key"),
					}
				})
				defer stop()
				s.give(3)
				s.run()
				s.wantRecords(3, 0, 0)
				want := "CONNECT " + at + " Basic bWU6c2VjcmV0 a"
				if kind == "socks5" {
					want = at + " me:secret"
				}
				if got := asked.all(); len(got) != 1 || got[0] != want {
					t.Errorf("the proxy was asked %q, want %q", got, want)
				}
			})
		}
	}
}

// syncedList is what a proxy was asked.
type syncedList struct {
	mu   sync.Mutex
	list []string
}

func (l *syncedList) add(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, s)
}

func (l *syncedList) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.list
}

// proxyOf serves a proxy of a kind, and returns its address.
func proxyOf(t *testing.T, kind string, settings *tls.Config, asked *syncedList) string {
	t.Helper()
	if kind == "socks5" {
		return socksProxy(t, asked)
	}
	proxy := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.add(r.Method + " " + r.Host + " " + r.Header.Get("Proxy-Authorization") + " " + r.Header.Get("X-Team"))
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		here, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		fmt.Fprint(here, "HTTP/1.1 200 Connection established\r\n\r\n")
		join(here, there, buffered)
	}))
	if kind == "https" {
		proxy.TLS = settings
		proxy.StartTLS()
	} else {
		proxy.Start()
	}
	t.Cleanup(proxy.Close)
	return proxy.Listener.Addr().String()
}

// join copies both ways until one of them ends.
func join(here, there net.Conn, read io.Reader) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(there, read)
		_ = there.Close()
	}()
	_, _ = io.Copy(here, there)
	_ = here.Close()
	<-done
}

// socksProxy serves SOCKS5 with passwords: RFC 1928 and 1929.
func socksProxy(t *testing.T, asked *syncedList) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { socksConn(conn, asked) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		conns.Wait()
	})
	return listener.Addr().String()
}

func socksConn(conn net.Conn, asked *syncedList) {
	defer conn.Close()
	read := func(n int) []byte {
		b := make([]byte, n)
		_, _ = io.ReadFull(conn, b)
		return b
	}
	read(int(read(2)[1]))           // the ways to authenticate
	_, _ = conn.Write([]byte{5, 2}) // with a password
	user := read(int(read(2)[1]))
	password := read(int(read(1)[0]))
	_, _ = conn.Write([]byte{1, 0})
	read(4) // connect to an IPv4 address
	to := read(6)
	address := net.JoinHostPort(net.IP(to[:4]).String(), strconv.Itoa(int(to[4])<<8|int(to[5])))
	asked.add(fmt.Sprintf("%s %s:%s", address, user, password))
	there, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	_, _ = conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	join(conn, there, conn)
}
