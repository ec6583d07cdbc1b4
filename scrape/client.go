package scrape

import (
	"context"
	"errors"
	"net/http"
	"sync"

	commonconfig "github.com/prometheus/common/config"
)

// A client is the HTTP client of one service under one HTTP configuration. It is
// built when it is first needed, so that a file that is missing today can be there
// for the next scrape, and lives until it is retired and no longer in use.
type client struct {
	service   string
	config    commonconfig.HTTPClientConfig
	userAgent string
	dial      commonconfig.DialContextFunc
	pool      context.Context // ends with the pool
	wg        *sync.WaitGroup // of the pool

	mu      sync.Mutex // guards the fields below; held while files are read, once
	http    *http.Client
	tokens  *tokens // nil without OAuth2
	users   int
	retired bool
}

// acquire makes the client ready for one scrape, after which release must be
// called unless there was an error.
func (c *client) acquire() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.http == nil {
		if err := c.build(); err != nil {
			return err
		}
	}
	c.users++
	return nil
}

func (c *client) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users--
	c.closeUnused()
}

// retire closes the idle connections, once no scrape is under way.
func (c *client) retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retired = true
	c.closeUnused()
}

// closeUnused closes a retired client that nobody uses. The caller holds mu.
func (c *client) closeUnused() {
	if !c.retired || c.users > 0 || c.http == nil {
		return
	}
	c.http.CloseIdleConnections()
	if c.tokens != nil {
		c.tokens.closeIdle()
	}
}

// build reads files and makes the HTTP client. The caller holds mu.
func (c *client) build() error {
	config := c.config
	config.OAuth2 = nil // tokens are ours to get, see tokens
	var options []commonconfig.HTTPClientOption
	if c.dial != nil {
		options = append(options, commonconfig.WithDialContextFunc(c.dial))
	}
	hc, err := commonconfig.NewClientFromConfig(config, c.service, options...)
	if err != nil {
		return err
	}
	if config.FollowRedirects {
		hc.CheckRedirect = limitRedirects
	}
	if c.config.OAuth2 != nil {
		c.tokens, err = newTokens(c.config.OAuth2, c)
		if err != nil {
			return err
		}
	}
	c.http = hc
	return nil
}

// do sends req, whose context bounds it.
func (c *client) do(req *http.Request) (*http.Response, error) {
	if c.tokens == nil {
		return c.http.Do(req)
	}
	authorization, err := c.tokens.authorization(req.Context())
	if err != nil {
		return nil, &tokenError{err}
	}
	req.Header = req.Header.Clone()
	// The client takes it off again when a redirect leaves the host.
	req.Header.Set("Authorization", authorization)
	return c.http.Do(req)
}

// maxRedirects is as many as the net/http package follows on its own.
const maxRedirects = 10

// These end a request that is redirected without end.
var (
	errRedirectLoop     = errors.New("the target redirects in a loop")
	errTooManyRedirects = errors.New("the target redirects more than 10 times")
)

func limitRedirects(req *http.Request, via []*http.Request) error {
	if len(via) < maxRedirects {
		return nil
	}
	for _, earlier := range via {
		if earlier.URL.String() == req.URL.String() {
			return errRedirectLoop
		}
	}
	return errTooManyRedirects
}
