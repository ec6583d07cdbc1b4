package config

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	commonconfig "github.com/prometheus/common/config"
	"gopkg.in/yaml.v3"
)

// The defaults of the export. The queue holds some hundred thousand occurrences.
const (
	defaultProtocol      = otlpProtocol("http/protobuf")
	defaultCompression   = compression("gzip")
	defaultExportTimeout = duration(10 * time.Second)
	defaultQueueSize     = byteSize(256 << 20)
	defaultQueueAge      = duration(24 * time.Hour)
)

// smallestQueue is what a queue has at least: it drops an eighth at a time.
const smallestQueue = byteSize(1 << 20)

// Export says where occurrences are sent. Without a URL, none are.
type Export struct {
	// URL is where log records are sent: the whole address for HTTP, and with GRPC its scheme and
	// host.
	URL *url.URL
	// GRPC is set for gRPC in place of HTTP.
	GRPC bool
	// Headers are sent with each request.
	Headers map[string]string
	// Compress says whether requests are compressed.
	Compress bool
	Timeout  time.Duration // of one request, by default 10s
	// QueueSize is how many bytes wait at most, by default 256 MiB, and QueueAge how long anything
	// waits, by default 24h.
	QueueSize  int64
	QueueAge   time.Duration
	HTTPClient commonconfig.HTTPClientConfig
}

type rawExport struct {
	OTLP rawOTLP `yaml:"otlp"`
}

type rawOTLP struct {
	Endpoint     webURL                         `yaml:"endpoint"`
	LogsEndpoint webURL                         `yaml:"logs_endpoint"`
	Protocol     otlpProtocol                   `yaml:"protocol"`
	Headers      map[string]commonconfig.Secret `yaml:"headers"`
	Compression  compression                    `yaml:"compression"`
	Timeout      duration                       `yaml:"timeout"`
	QueueSize    byteSize                       `yaml:"queue_size"`
	QueueAge     duration                       `yaml:"queue_age"`
	HTTPClient   commonconfig.HTTPClientConfig  `yaml:",inline"`
}

func defaultOTLP() rawOTLP {
	return rawOTLP{
		Protocol: defaultProtocol, Compression: defaultCompression, Timeout: defaultExportTimeout,
		QueueSize: defaultQueueSize, QueueAge: defaultQueueAge, HTTPClient: commonconfig.DefaultHTTPClientConfig,
	}
}

type otlpProtocol string

func (p *otlpProtocol) UnmarshalYAML(n *yaml.Node) error {
	return choose((*string)(p), n, "http/protobuf", "grpc")
}

type compression string

func (v *compression) UnmarshalYAML(n *yaml.Node) error {
	return choose((*string)(v), n, "gzip", "none")
}

func (c *checker) otlp(n *node) {
	c.exclusive(n, "endpoint", "logs_endpoint")
	grpc := n.text("protocol") == "grpc"
	switch v := n.get("logs_endpoint"); {
	case grpc && !v.empty():
		c.add(v.line, v.path, "means nothing with gRPC, which has no paths; write endpoint")
	case !c.meant(n, "endpoint") && !c.meant(n, "logs_endpoint"):
		c.required(n, "endpoint: https://collector.example.org:4318")
	}
	c.endpointURL(n.get("endpoint"), grpc)
	c.endpointURL(n.get("logs_endpoint"), false)
	c.otlpHeaders(n.get("headers"))
	v := n.get("queue_size")
	var size byteSize
	if v != nil && v.sound && v.yaml.Decode(&size) == nil && size != 0 && size < smallestQueue {
		c.add(v.line, v.path, "%s is too small for a queue; write 1MB or more, or 0 for the default", v.yaml.Value)
	}
}

// endpointURL reports what an endpoint has that would not be sent.
func (c *checker) endpointURL(v *node, grpc bool) {
	if v.empty() || !v.sound {
		return
	}
	u, err := url.Parse(v.yaml.Value)
	switch {
	case err != nil:
		// It is told already.
	case u.User != nil:
		v.secret = true
		c.add(v.line, v.path, "has a user name or a password; write basic_auth, or authorization")
	case grpc && (u.Fragment != "" || u.RawQuery != "" || strings.Trim(u.Path, "/") != ""):
		c.add(v.line, v.path, "has more than gRPC knows; write only scheme, host and port, as https://collector.example.org:4317")
	case u.Fragment != "":
		c.add(v.line, v.path, "has a fragment, which is not sent; remove it")
	}
}

func (c *checker) otlpHeaders(n *node) {
	if n.empty() || !n.mapping() {
		return
	}
	for _, f := range n.fields {
		name := http.CanonicalHeaderKey(f.key)
		_, reserved := commonconfig.ReservedHeaders[name]
		switch v := f.value; {
		case name == "Authorization":
			c.add(v.line, v.path, "cannot be set as a header; write authorization or basic_auth")
		case reserved:
			c.add(v.line, v.path, "cannot be set, since the client sets it; remove it")
		case !headerText.MatchString(f.key):
			c.add(v.line, v.path, "is not the name of a header; write for example X-Scope-OrgID")
		}
	}
}

// export builds the block of that name; n is its otlp, and nil without one.
func (b *builder) export(n *node) Export {
	if n == nil {
		return Export{}
	}
	raw := defaultOTLP()
	b.decode(n, &raw)
	b.validate(n, &raw.HTTPClient)
	if raw.QueueSize == 0 {
		raw.QueueSize = defaultQueueSize
	}
	e := Export{
		GRPC: raw.Protocol == "grpc", Headers: map[string]string{}, Compress: raw.Compression == "gzip", Timeout: time.Duration(raw.Timeout),
		QueueSize: int64(raw.QueueSize), QueueAge: time.Duration(raw.QueueAge), HTTPClient: raw.HTTPClient,
	}
	for name, value := range raw.Headers {
		e.Headers[name] = string(value)
	}
	if raw.LogsEndpoint != "" {
		e.URL = parsed(raw.LogsEndpoint)
		return e
	}
	if e.URL = parsed(raw.Endpoint); e.URL != nil && !e.GRPC {
		e.URL = e.URL.JoinPath("v1", "logs")
	}
	return e
}

// parsed returns a URL that was checked.
func parsed(u webURL) *url.URL {
	out, err := url.Parse(string(u))
	if err != nil || u == "" {
		return nil
	}
	return out
}
