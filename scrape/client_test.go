package scrape_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	commonconfig "github.com/prometheus/common/config"
	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/scrape"
)

// httpConfig parses an HTTP configuration as a user writes it.
func httpConfig(t testing.TB, text string) commonconfig.HTTPClientConfig {
	t.Helper()
	var c commonconfig.HTTPClientConfig
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func shopWith(t testing.TB, config string) scrape.Service {
	return scrape.Service{Name: "shop", HTTPClient: httpConfig(t, config)}
}

func TestRequest(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("from-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	standard := map[string]string{
		"Accept":                              "application/json",
		"Accept-Encoding":                     "gzip",
		"User-Agent":                          "periskop_exporter/1.2.3",
		"X-Prometheus-Scrape-Timeout-Seconds": "2.5",
	}
	tests := []struct {
		name   string
		config string
		more   map[string]string
	}{
		{"nothing configured", `{}`, nil},
		{"basic auth", `{basic_auth: {username: anna, password: hunter2}}`, map[string]string{"Authorization": "Basic YW5uYTpodW50ZXIy"}},
		{"basic auth from a file", `{basic_auth: {username: anna, password_file: ` + secret + `}}`, map[string]string{"Authorization": "Basic YW5uYTpmcm9tLWEtZmlsZQ=="}},
		{"a bearer token", `{authorization: {credentials: abc}}`, map[string]string{"Authorization": "Bearer abc"}},
		{"a bearer token from a file", `{authorization: {credentials_file: ` + secret + `}}`, map[string]string{"Authorization": "Bearer from-a-file"}},
		{"a bearer token as it was once written", `{bearer_token: abc}`, map[string]string{"Authorization": "Bearer abc"}},
		{"another kind of credentials", `{authorization: {type: Token, credentials: abc}}`, map[string]string{"Authorization": "Token abc"}},
		{"headers", `{http_headers: {X-Tenant: {values: [a]}, X-Key: {secrets: [b]}, X-File: {files: [` + secret + `]}}}`, map[string]string{"X-Tenant": "a", "X-Key": "b", "X-File": "from-a-file"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got atomic.Pointer[http.Request]
			tgt := target(serve(t, func(w http.ResponseWriter, r *http.Request) {
				got.Store(r)
				reporting(emptyReport)(w, r)
			}) + "/-/exceptions?lang=go")
			tgt.Timeout = 2500 * time.Millisecond
			s := scrapeOnce(t, scrape.Options{UserAgent: "periskop_exporter/1.2.3"}, shopWith(t, tt.config), tgt)
			checkResult(t, s, periskop.Success, "")
			r := got.Load()
			if r.Method != http.MethodGet || r.RequestURI != "/-/exceptions?lang=go" {
				t.Errorf("got %s %s, want GET of the URL as it stands", r.Method, r.RequestURI)
			}
			want := http.Header{}
			for _, headers := range []map[string]string{standard, tt.more} {
				for name, value := range headers {
					want.Set(name, value)
				}
			}
			if diff := cmp.Diff(r.Header, want); diff != "" {
				t.Errorf("headers (-got +want):\n%s", diff)
			}
		})
	}
}

func TestRequestCredentialsInURL(t *testing.T) {
	got := make(chan string, 100)
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("Authorization")
		reporting(emptyReport)(w, r)
	})
	s := scrapeOnce(t, scrape.Options{}, shop(), target(strings.Replace(address, "//", "//anna:hunter2@", 1)))
	checkResult(t, s, periskop.Success, "")
	if a := <-got; a != "Basic YW5uYTpodW50ZXIy" {
		t.Errorf("Authorization: got %q", a)
	}
}

func TestRedirectsOff(t *testing.T) {
	tgt := target(serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/login", http.StatusFound)
	}))
	s := scrapeOnce(t, scrape.Options{}, shopWith(t, `{follow_redirects: false}`), tgt)
	checkResult(t, s, periskop.HTTPStatus, "the target answered 302 Found, and redirects are not followed")
}

func TestRedirectKeepsCredentials(t *testing.T) {
	elsewhere := make(chan string, 1)
	other := strings.Replace(serve(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case elsewhere <- r.Header.Get("Authorization"):
		default:
		}
		reporting(emptyReport)(w, r)
	}), "127.0.0.1", "localhost", 1)
	tgt := target(serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other, http.StatusFound) }))
	tokenServer := serve(t, reportingJSON(`{"access_token": "t0ken", "token_type": "Bearer"}`))
	for _, config := range []string{
		`{authorization: {credentials: abc}}`,
		`{oauth2: {client_id: a, client_secret: b, token_url: "` + tokenServer + `"}}`,
	} {
		s := scrapeOnce(t, scrape.Options{}, shopWith(t, config), tgt)
		checkResult(t, s, periskop.Success, "")
		if got := <-elsewhere; got != "" {
			t.Errorf("%s: another host was sent the credentials %q", config, got)
		}
	}
}

func reportingJSON(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

func TestProxy(t *testing.T) {
	proxied := make(chan string, 100)
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		proxied <- r.URL.String()
		reporting(emptyReport)(w, r)
	})
	s := scrapeOnce(t, scrape.Options{}, shopWith(t, `{proxy_url: "`+proxy+`"}`), target("http://shop.invalid/-/exceptions"))
	checkResult(t, s, periskop.Success, "")
	if got := <-proxied; got != "http://shop.invalid/-/exceptions" {
		t.Errorf("the proxy was asked for %s", got)
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	address := listener.Addr().String()
	s = scrapeOnce(t, scrape.Options{}, shopWith(t, `{proxy_url: "http://me:hunter2@`+address+`"}`), target("http://shop.invalid/"))
	checkResult(t, s, periskop.Connection, "proxy: cannot connect to "+address+": connection refused")
}

func TestClientCannotBeBuilt(t *testing.T) {
	// The file comes later: the service heals on its own, and the other one never
	// notices.
	ca := filepath.Join(t.TempDir(), "ca.pem")
	authority := newAuthority(t)
	server := httptest.NewUnstartedServer(reporting(emptyReport))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{authority.issue(t, "127.0.0.1")}}
	server.StartTLS()
	defer server.Close()
	broken, sound := target(server.URL), target(serve(t, reporting(emptyReport)))

	r := newRecorder()
	p := scrape.New(scrape.Options{Begin: collect(r.fold)})
	cart := shop()
	cart.Name = "cart"
	p.Apply([]scrape.Service{shopWith(t, `{tls_config: {ca_file: `+ca+`}}`), cart})
	p.SetTargets(append(targetsOf("shop", broken), targetsOf("cart", sound)...))
	run(t, p)
	r.waitFor(t, "both targets", func() bool { return len(r.of(broken.URL)) > 0 && len(r.of(sound.URL)) > 0 })
	checkResult(t, r.of(broken.URL)[0], periskop.Connection, "the HTTP client cannot be set up: unable to read CA cert: unable to read file "+ca)
	checkResult(t, r.of(sound.URL)[0], periskop.Success, "")

	// Written elsewhere and moved, so that nobody reads half of it.
	if err := os.WriteFile(ca+".new", authority.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(ca+".new", ca); err != nil {
		t.Fatal(err)
	}
	r.waitFor(t, "the first success", func() bool {
		of := r.of(broken.URL)
		return of[len(of)-1].Result == periskop.Success
	})
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	authority, stranger := newAuthority(t), newAuthority(t)
	ca := authority.write(t, dir, "ca")
	cert, key := writePair(t, dir, authority.issue(t, "exporter"))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority.pem)

	start := func(http2 bool, config *tls.Config) string {
		s := httptest.NewUnstartedServer(reporting(emptyReport))
		s.EnableHTTP2 = http2
		s.TLS = config
		s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.URL
	}
	plain := start(true, &tls.Config{Certificates: []tls.Certificate{authority.issue(t, "127.0.0.1")}})
	demanding := &tls.Config{
		Certificates: []tls.Certificate{authority.issue(t, "127.0.0.1")},
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
	}
	mutual, mutual2 := start(false, demanding.Clone()), start(true, demanding.Clone())
	strange := start(true, &tls.Config{Certificates: []tls.Certificate{stranger.issue(t, "127.0.0.1")}})
	noTLS := serve(t, reporting(emptyReport))

	tests := []struct {
		name   string
		url    string
		config string
		result periskop.Result
		err    string
	}{
		{"our authority", plain, `{ca_file: ` + ca + `}`, periskop.Success, ""},
		{"any authority", strange, `{insecure_skip_verify: true}`, periskop.Success, ""},
		{"a client certificate", mutual, `{ca_file: ` + ca + `, cert_file: ` + cert + `, key_file: ` + key + `}`, periskop.Success, ""},
		{"a client certificate over HTTP/2", mutual2, `{ca_file: ` + ca + `, cert_file: ` + cert + `, key_file: ` + key + `}`, periskop.Success, ""},
		{"no client certificate over HTTP/2", mutual2, `{ca_file: ` + ca + `}`, periskop.Connection, ""}, // what is seen of it is a matter of time
		{"no client certificate", mutual, `{ca_file: ` + ca + `}`, periskop.Connection, "TLS: refused by the target: certificate required"},
		{"another authority", strange, `{ca_file: ` + ca + `}`, periskop.Connection, "TLS: x509: certificate signed by unknown authority"},
		{"another name", plain, `{ca_file: ` + ca + `, server_name: shop.test}`, periskop.Connection, "TLS: x509: certificate is not valid for any names, but wanted to match shop.test"},
		{"no TLS", strings.Replace(noTLS, "http:", "https:", 1), `{}`, periskop.Connection, "the target speaks HTTP, but the scheme is https"},
		{"TLS where HTTP was meant", strings.Replace(plain, "https:", "http:", 1), `{}`, periskop.HTTPStatus, "the target answered 400 Bad Request: Client sent an HTTP request to an HTTPS server."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scrapeOnce(t, scrape.Options{}, shopWith(t, `{tls_config: `+tt.config+`}`), target(tt.url))
			if tt.result != periskop.Success && tt.err == "" {
				tt.err = s.Err.Error()
			}
			checkResult(t, s, tt.result, tt.err)
		})
	}
}

// An authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "authority"},
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func (a *authority) write(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name+".pem")
	if err := os.WriteFile(path, a.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// issue returns a certificate for an address, or for a client's name.
func (a *authority) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: name},
		NotAfter:     time.Now().Add(time.Hour),
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func writePair(t *testing.T, dir string, pair tls.Certificate) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		key:  {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestOAuth2(t *testing.T) {
	var requests atomic.Int32
	form := make(chan url.Values, 100)
	tokenServer := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		_ = r.ParseForm()
		form <- r.Form
		reportingJSON(`{"access_token": "t0ken", "token_type": "Bearer", "expires_in": 3600}`)(w, r)
	})
	shopURL := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t0ken" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		reporting(emptyReport)(w, r)
	})
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	p := scrape.New(scrape.Options{Begin: collect(r.fold)})
	p.Apply([]scrape.Service{shopWith(t, `{oauth2: {client_id: exporter, client_secret_file: `+secret+`, scopes: [read], token_url: "`+tokenServer+`"}}`)})
	// Ten at once, which want the first token at the same time.
	var targets []*periskop.Target
	for i := range 10 {
		targets = append(targets, target(shopURL+"/"+string(rune('a'+i))))
	}
	p.SetTargets(targetsOf("shop", targets...))
	stop := run(t, p)
	r.waitFor(t, "30 scrapes", func() bool { return len(r.all()) >= 30 })
	stop()
	for _, s := range r.all() {
		checkResult(t, s, periskop.Success, "")
	}
	if got := requests.Load(); got != 1 {
		t.Errorf("the token server was asked %d times, want once", got)
	}
	if got := (<-form).Get("scope"); got != "read" {
		t.Errorf("scope: got %q", got)
	}
}

func TestOAuth2Refused(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		err    string
	}{
		{"refused", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "unknown secret hunter2", http.StatusUnauthorized)
		}, "the OAuth2 token server answered 401 Unauthorized"},
		{"no token", reportingJSON(`{}`), "no token from the OAuth2 token server: "},
		{"no answer", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "no token from the OAuth2 token server: the target closed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := `{oauth2: {client_id: exporter, client_secret: hunter2, token_url: "` + serve(t, tt.answer) + `"}}`
			s := scrapeOnce(t, scrape.Options{}, shopWith(t, config), target(serve(t, reporting(emptyReport))))
			checkResult(t, s, periskop.Connection, tt.err)
			if strings.Contains(s.Err.Error(), "hunter2") {
				t.Errorf("error shows the secret: %v", s.Err)
			}
		})
	}
}

// A token server that hangs holds a scrape no longer than its timeout, the stop of
// the pool not at all, and heals.
func TestOAuth2Hangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			net  = newNetwork()
			mu   sync.Mutex
			hang = true
		)
		net.serve(t, "token.test:80", func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			hangs := hang
			mu.Unlock()
			if hangs {
				_ = r.ParseForm() // the server watches the connection once the body is read
				<-r.Context().Done()
				return
			}
			reportingJSON(`{"access_token": "t0ken", "token_type": "Bearer"}`)(w, r)
		})
		net.serve(t, "shop.test:80", reporting(emptyReport))
		r := newRecorder()
		p := scrape.New(scrape.Options{Begin: collect(r.fold), DialContext: net.dial})
		p.Apply([]scrape.Service{shopWith(t, `{oauth2: {client_id: a, client_secret: b, token_url: "http://token.test"}}`)})
		var targets []*periskop.Target
		for i := range 5 {
			tgt := target("http://shop.test/" + string(rune('a'+i)))
			tgt.Interval, tgt.Timeout = 30*time.Second, 3*time.Second
			targets = append(targets, tgt)
		}
		p.SetTargets(targetsOf("shop", targets...))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()

		time.Sleep(time.Minute)
		synctest.Wait()
		if got := len(r.all()); got < 9 {
			t.Errorf("got %d scrapes in a minute, want two per target", got)
		}
		for _, s := range r.all() {
			checkResult(t, s, periskop.Timeout, "no token from the OAuth2 token server within 3s")
			if s.Duration != 3*time.Second {
				t.Errorf("a scrape with a timeout of 3s took %s", s.Duration)
			}
		}
		mu.Lock()
		hang = false
		mu.Unlock()
		failed := len(r.all())
		time.Sleep(time.Minute)
		synctest.Wait()
		all := r.all()
		for _, s := range all[failed+5:] { // one round may still have waited
			checkResult(t, s, periskop.Success, "")
		}
		if len(all) < failed+9 {
			t.Errorf("got %d scrapes in the second minute", len(all)-failed)
		}
		mu.Lock()
		hang = true
		mu.Unlock()
		p.Apply([]scrape.Service{shopWith(t, `{oauth2: {client_id: c, client_secret: d, token_url: "http://token.test"}}`)})
		time.Sleep(29 * time.Second) // somebody waits for the token of the new client
		stopped := time.Now()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(stopped); took > 0 {
			t.Errorf("the pool took %s to stop", took)
		}
	})
}

func TestKeepAlive(t *testing.T) {
	many := payload(t, "go-many-keys.json")
	large := strings.Repeat("x", 1<<20)
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		limit  int64
		kept   bool
	}{
		{"a report", reporting(many), 0, true},
		{"a page", reporting("<html>"), 0, true},
		{"an error with a body", status(500, many[:50000]), 0, true},
		{"an error with a large body", status(500, large), 0, false},
		{"a body over the limit", reporting(large), 1000, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var opened atomic.Int32
			server := httptest.NewUnstartedServer(tt.answer)
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					opened.Add(1)
				}
			}
			server.Start()
			defer server.Close()
			r := newRecorder()
			p := scrape.New(scrape.Options{Begin: collect(r.fold)})
			service := shop()
			service.BodySizeLimit = tt.limit
			p.Apply([]scrape.Service{service})
			p.SetTargets(targetsOf("shop", target(server.URL)))
			stop := run(t, p)
			r.waitFor(t, "five scrapes", func() bool { return len(r.all()) >= 5 })
			stop()
			if kept := opened.Load() == 1; kept != tt.kept {
				t.Errorf("%d scrapes took %d connections", len(r.all()), opened.Load())
			}
		})
	}
}
