package export

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	commonconfig "github.com/prometheus/common/config"
	"golang.org/x/net/proxy"
)

// A dialer connects, through a proxy if there is one, as HTTP does: gRPC knows but one kind of them.
type dialer struct {
	proxy  func(*http.Request) (*url.URL, error)
	header http.Header // for the proxy
	scheme string
	tls    *commonconfig.TLSConfig
}

func newDialer(s *Settings) *dialer {
	c := &s.HTTPClient
	return &dialer{proxy: c.Proxy(), header: c.GetProxyConnectHeader(), scheme: s.URL.Scheme, tls: &c.TLSConfig}
}

func (d *dialer) dial(ctx context.Context, address string) (net.Conn, error) {
	var through *url.URL
	if d.proxy != nil {
		var err error
		if through, err = d.proxy(&http.Request{URL: &url.URL{Scheme: d.scheme, Host: address}}); err != nil {
			return nil, err
		}
	}
	var plain net.Dialer
	if through == nil {
		return plain.DialContext(ctx, "tcp", address)
	}
	if strings.HasPrefix(through.Scheme, "socks5") {
		return socks(ctx, through, address)
	}
	conn, err := d.reach(ctx, through)
	if err != nil {
		return nil, err
	}
	opened, err := d.connect(ctx, conn, through, address)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return opened, nil
}

// reach connects to the proxy.
func (d *dialer) reach(ctx context.Context, through *url.URL) (net.Conn, error) {
	var plain net.Dialer
	switch through.Scheme {
	case "http":
		return plain.DialContext(ctx, "tcp", hostPort(through, "80"))
	case "https":
		settings, err := commonconfig.NewTLSConfig(d.tls)
		if err != nil {
			return nil, err
		}
		return (&tls.Dialer{Config: settings}).DialContext(ctx, "tcp", hostPort(through, "443"))
	}
	return nil, fmt.Errorf("a proxy of the kind %s cannot be used with gRPC", through.Scheme)
}

// socks connects through a proxy that speaks SOCKS5.
func socks(ctx context.Context, through *url.URL, address string) (net.Conn, error) {
	there, err := proxy.FromURL(through, proxy.Direct)
	if err != nil {
		return nil, err
	}
	connect, ok := there.(proxy.ContextDialer)
	if !ok {
		return nil, fmt.Errorf("a proxy of the kind %s cannot be used with gRPC", through.Scheme)
	}
	return connect.DialContext(ctx, "tcp", address)
}

func hostPort(u *url.URL, port string) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// An opened connection is one through a proxy, of which the beginning may have been read already.
type opened struct {
	net.Conn
	read *bufio.Reader
}

// Read implements net.Conn.
func (o *opened) Read(b []byte) (int, error) { return o.read.Read(b) }

// connect asks the proxy for a connection.
func (d *dialer) connect(ctx context.Context, conn net.Conn, through *url.URL, address string) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: d.header.Clone()}
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if user := through.User; user != nil {
		password, _ := user.Password()
		login := &http.Request{Header: http.Header{}}
		login.SetBasicAuth(user.Username(), password)
		req.Header.Set("Proxy-Authorization", login.Header.Get("Authorization"))
	}
	if err := req.Write(conn); err != nil {
		return nil, err
	}
	read := bufio.NewReader(conn)
	res, err := http.ReadResponse(read, req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the proxy answers %s", res.Status)
	}
	return &opened{conn, read}, conn.SetDeadline(time.Time{})
}
