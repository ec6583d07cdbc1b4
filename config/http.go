package config

import (
	"net/http"
	"slices"
	"strings"

	commonconfig "github.com/prometheus/common/config"
)

// authKeys each say how requests authenticate; only one can.
var authKeys = []string{"basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file"}

func (c *checker) httpClient(n *node) {
	c.exclusive(n, authKeys...)
}

func (c *checker) proxy(n *node) {
	if fromEnvironment(n) {
		c.exclusive(n, "proxy_url", "proxy_from_environment")
	}
	// A scraper may have the rest of its proxy from global: see config.
	if !strings.HasSuffix(n.path, ".scraper") {
		c.proxyComplete(n)
	}
}

// proxyComplete reports keys that mean nothing without a proxy.
func (c *checker) proxyComplete(n *node) {
	environment := fromEnvironment(n)
	if v := n.get("no_proxy"); !v.empty() && environment {
		c.add(v.line, v.path, "cannot stand beside proxy_from_environment; set the environment variable NO_PROXY, or write proxy_url")
	} else if !v.empty() && !n.has("proxy_url") {
		c.add(v.line, v.path, "means nothing without a proxy; add proxy_url, or remove it")
	}
	if v := n.get("proxy_connect_header"); !v.empty() && !n.has("proxy_url") && !environment {
		c.add(v.line, v.path, "means nothing without a proxy; add proxy_url or proxy_from_environment, or remove it")
	}
}

// fromEnvironment reports whether n says to take the proxy from there.
func fromEnvironment(n *node) bool {
	return n.has("proxy_from_environment") && !isFalse(n.text("proxy_from_environment"))
}

func isFalse(s string) bool {
	return slices.Contains([]string{"false", "no", "off", "n"}, strings.ToLower(s))
}

func (c *checker) tls(n *node) {
	c.exclusive(n, "ca", "ca_file")
	c.exclusive(n, "cert", "cert_file")
	c.exclusive(n, "key", "key_file")
	cert := c.meant(n, "cert") || c.meant(n, "cert_file")
	key := c.meant(n, "key") || c.meant(n, "key_file")
	switch {
	case cert && !key:
		c.missing(n, "key_file", "a client certificate needs its key; add key_file, or key")
	case key && !cert:
		c.missing(n, "cert_file", "a client key needs its certificate; add cert_file, or cert")
	}
	lowest, highest := commonconfig.TLSVersions[n.text("min_version")], commonconfig.TLSVersions[n.text("max_version")]
	if highest != 0 && lowest > highest {
		v := n.get("min_version")
		c.add(v.line, v.path, "is above max_version (line %d); write a version that is at most that", n.get("max_version").line)
	}
}

func (c *checker) basicAuth(n *node) {
	c.exclusive(n, "username", "username_file")
	c.exclusive(n, "password", "password_file")
	// An empty name is what some services want beside a token.
	if n.field("username") == nil && !c.meant(n, "username") && !c.meant(n, "username_file") {
		c.missing(n, "username", "add username, or username_file")
	}
}

func (c *checker) authorization(n *node) {
	c.exclusive(n, "credentials", "credentials_file")
	if v := n.get("type"); strings.EqualFold(strings.TrimSpace(n.text("type")), "basic") {
		c.add(v.line, v.path, "cannot be Basic; write basic_auth with username and password instead of authorization")
		return
	}
	if !c.meant(n, "credentials") && !c.meant(n, "credentials_file") {
		c.missing(n, "credentials", "add credentials, or credentials_file")
	}
}

func (c *checker) oauth2(n *node) {
	c.required(n, "client_id: periskop", "token_url: https://login.example.org/token")
	c.exclusive(n, "client_secret", "client_secret_file")
	c.exclusive(n, "client_certificate_key", "client_certificate_key_file")
	c.choice(n, "grant_type", "client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer")
	c.choice(n, "signature_algorithm", "RS256", "RS384", "RS512")
	c.url(n, "token_url", "https", "http")
}

func (c *checker) headers(n *node) {
	for _, f := range n.fields {
		v := f.value
		name := http.CanonicalHeaderKey(f.key)
		_, reserved := commonconfig.ReservedHeaders[name]
		switch {
		case reserved && name == "Authorization":
			c.add(v.line, v.path, "cannot be set as a header; write authorization or basic_auth")
		case reserved:
			c.add(v.line, v.path, "cannot be set, since the HTTP client sets it; remove it")
		case !headerText.MatchString(f.key):
			c.add(v.line, v.path, "is not the name of a header; write for example X-Scope")
		case !v.null() && !v.mapping():
			// Its kind is reported already.
		case !c.meant(v, "values") && !c.meant(v, "secrets") && !c.meant(v, "files"):
			c.add(v.line, v.path, "has no value; add for example values: [one]")
		}
	}
}

// choice reports the value of key in n when it is none of choices.
func (c *checker) choice(n *node, key string, choices ...string) {
	v := n.get(key)
	if v.empty() || !v.scalar() || slices.Contains(choices, v.yaml.Value) {
		return
	}
	c.add(v.line, v.path, "%s", notAmong(v.yaml.Value, choices))
}

// url reports the value of key in n when it is no URL of one of schemes.
func (c *checker) url(n *node, key string, schemes ...string) {
	v := n.get(key)
	if v.empty() || !v.scalar() {
		return
	}
	if err := checkURL(v.yaml.Value, schemes...); err != nil {
		c.add(v.line, v.path, "%s", err)
	}
}
