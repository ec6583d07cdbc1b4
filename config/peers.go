package config

import (
	"time"

	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/model/relabel"
)

// The defaults of the exchange with other replicas.
const (
	defaultPeerInterval = duration(5 * time.Second)
	defaultPeerTimeout  = duration(5 * time.Second)
)

// Peers says where other exporters with the same configuration are. Without discovery there are none.
type Peers struct {
	Discovery  discovery.Configs // nil without peers
	Relabel    []*relabel.Config // of the discovered peers
	Interval   time.Duration     // between two requests to a peer, by default 5s
	Timeout    time.Duration     // of one request, by default 5s
	Scheme     string            // http, the default, or https
	PathPrefix string            // before the path of the API, empty by default
	HTTPClient commonconfig.HTTPClientConfig
}

// Any reports whether peers are configured.
func (p *Peers) Any() bool { return len(p.Discovery) > 0 }

type rawPeers struct {
	Interval   duration                      `yaml:"refresh_interval"`
	Timeout    duration                      `yaml:"timeout"`
	Scheme     scheme                        `yaml:"scheme"`
	PathPrefix string                        `yaml:"path_prefix"`
	Discovery  discovery.Configs             `yaml:"-"`
	Relabel    []*relabel.Config             `yaml:"relabel_configs"`
	HTTPClient commonconfig.HTTPClientConfig `yaml:",inline"`
}

// peers builds the block of that name, which is nil without one.
func (b *builder) peers(n *node) Peers {
	if n.empty() {
		return Peers{}
	}
	raw := rawPeers{Interval: defaultPeerInterval, Timeout: defaultPeerTimeout, Scheme: defaultScheme, HTTPClient: commonconfig.DefaultHTTPClientConfig}
	b.decode(n, &raw)
	b.validate(n, &raw.HTTPClient)
	return Peers{
		Discovery: b.decodeDiscovery(n), Relabel: validated(raw.Relabel),
		Interval: time.Duration(raw.Interval), Timeout: time.Duration(raw.Timeout),
		Scheme: string(raw.Scheme), PathPrefix: raw.PathPrefix, HTTPClient: raw.HTTPClient,
	}
}
