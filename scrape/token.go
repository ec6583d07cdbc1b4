package scrape

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	commonconfig "github.com/prometheus/common/config"
)

// tokenTimeout bounds one request for an OAuth2 token. Prometheus' client does not
// bind it to the scrape that waits for it: without a limit of its own, a token
// server that hangs would hold every scrape of the service for ever.
const tokenTimeout = 10 * time.Second

// tokens are the OAuth2 tokens of one client. Prometheus' round tripper gets and
// renews them, but here it runs beside the scrapes: they wait for a token no
// longer than for anything else, and only one at a time runs it, which it needs
// (its first requests race with each other).
type tokens struct {
	roundTripper http.RoundTripper
	userAgent    string
	tokenURL     string
	dial         commonconfig.DialContextFunc
	pool         context.Context
	wg           *sync.WaitGroup
	turn         chan struct{} // holds one element while roundTripper is in use
}

// A tokenError is about the token server and not about the target.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return "OAuth2 token: " + e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }

func newTokens(config *commonconfig.OAuth2, c *client) (*tokens, error) {
	secret, err := oauth2Secret(config)
	if err != nil {
		return nil, err
	}
	t := &tokens{
		userAgent: c.userAgent,
		tokenURL:  config.TokenURL,
		dial:      c.dial,
		pool:      c.pool,
		wg:        c.wg,
		turn:      make(chan struct{}, 1),
	}
	if t.dial == nil {
		t.dial = new(net.Dialer).DialContext
	}
	// A copy, because the round tripper writes into it.
	private := *config
	t.roundTripper = commonconfig.NewOAuth2RoundTripper(secret, &private, echo{},
		commonconfig.WithDialContextFunc(t.dialBounded))
	return t, nil
}

// oauth2Secret returns what proves to the token server who we are, nil if nothing
// does.
func oauth2Secret(config *commonconfig.OAuth2) (commonconfig.SecretReader, error) {
	text, file, ref := config.ClientSecret, config.ClientSecretFile, config.ClientSecretRef
	if config.GrantType == "urn:ietf:params:oauth:grant-type:jwt-bearer" { // RFC 7523
		text, file, ref = config.ClientCertificateKey, config.ClientCertificateKeyFile, config.ClientCertificateKeyRef
	}
	switch {
	case text != "":
		return commonconfig.NewInlineSecret(string(text)), nil
	case file != "":
		return commonconfig.NewFileSecret(file), nil
	case ref != "":
		return nil, errors.New("oauth2: references to a secret manager are not supported")
	}
	return nil, nil
}

// authorization returns the value of the Authorization header. It waits for it
// until ctx ends; the request for it goes on then, and the next caller finds its
// outcome.
func (t *tokens) authorization(ctx context.Context) (string, error) {
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	type answer struct {
		authorization string
		err           error
	}
	answers := make(chan answer, 1)
	t.wg.Go(func() {
		defer func() { <-t.turn }()
		a, err := t.ask()
		answers <- answer{a, err}
	})
	select {
	case a := <-answers:
		return a.authorization, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (t *tokens) ask() (string, error) {
	req, err := http.NewRequestWithContext(t.pool, http.MethodGet, t.tokenURL, http.NoBody)
	if err != nil {
		return "", err
	}
	req.Header.Set("User-Agent", t.userAgent)
	resp, err := t.roundTripper.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	return resp.Request.Header.Get("Authorization"), nil
}

// closeIdle closes idle connections to the token server, unless they are in use:
// then they close themselves soon.
func (t *tokens) closeIdle() {
	select {
	case t.turn <- struct{}{}:
		(&http.Client{Transport: t.roundTripper}).CloseIdleConnections()
		<-t.turn
	default:
	}
}

// echo answers every request with itself and sends nothing.
type echo struct{}

func (echo) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: req}, nil
}

// dialBounded opens connections to the token server that end with the pool, and
// that fail once a request takes longer than tokenTimeout.
func (t *tokens) dialBounded(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	defer context.AfterFunc(t.pool, cancel)()
	conn, err := t.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	bounded := &boundedConn{Conn: conn}
	bounded.unbind = context.AfterFunc(t.pool, func() { _ = conn.Close() })
	return bounded, conn.SetDeadline(time.Now().Add(tokenTimeout))
}

// A boundedConn has a deadline that every write puts off, so in effect every
// request.
type boundedConn struct {
	net.Conn
	unbind func() bool
}

func (c *boundedConn) Write(b []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(tokenTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *boundedConn) Close() error {
	c.unbind()
	return c.Conn.Close()
}
