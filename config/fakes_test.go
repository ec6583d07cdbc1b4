package config_test

import (
	"errors"
	"net/url"
	"os"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/discovery"
)

// The mechanisms below stand for those of the same names, which are too large to build
// for these tests. They have the keys that this package looks at.

func TestMain(m *testing.M) {
	for _, c := range []discovery.Config{&azure{}, &consul{}, &ec2{}, &kubernetes{}, &nerve{}, &oci{}, &picky{}, &scaleway{}} {
		discovery.RegisterConfig(c)
	}
	os.Exit(m.Run())
}

type fake struct{}

func (fake) NewDiscoverer(discovery.DiscovererOptions) (discovery.Discoverer, error) {
	return nil, errors.New("a fake")
}

func (fake) NewDiscovererMetrics(prometheus.Registerer, discovery.RefreshMetricsInstantiator) discovery.DiscovererMetrics {
	return &discovery.NoopDiscovererMetrics{}
}

type azure struct {
	fake                 `yaml:"-"`
	SubscriptionID       string              `yaml:"subscription_id"`
	TenantID             string              `yaml:"tenant_id"`
	ClientID             string              `yaml:"client_id"`
	ClientSecret         commonconfig.Secret `yaml:"client_secret"`
	AuthenticationMethod string              `yaml:"authentication_method"`
}

func (*azure) Name() string { return "azure" }

type consul struct {
	fake       `yaml:"-"`
	Server     string                        `yaml:"server"`
	Services   []string                      `yaml:"services"`
	Username   string                        `yaml:"username"`
	Token      commonconfig.Secret           `yaml:"token"`
	HTTPClient commonconfig.HTTPClientConfig `yaml:",inline"`
}

func (*consul) Name() string { return "consul" }

type ec2 struct {
	fake    `yaml:"-"`
	Region  string `yaml:"region"`
	Filters []struct {
		Name   string   `yaml:"name"`
		Values []string `yaml:"values"`
	} `yaml:"filters"`
}

func (*ec2) Name() string { return "ec2" }

type kubernetes struct {
	fake            `yaml:"-"`
	Role            string           `yaml:"role"`
	APIServer       commonconfig.URL `yaml:"api_server"`
	KubeConfig      string           `yaml:"kubeconfig_file"`
	BearerTokenFile string           `yaml:"bearer_token_file"`
	Namespaces      struct {
		Own   bool     `yaml:"own_namespace"`
		Names []string `yaml:"names"`
	} `yaml:"namespaces"`
	Selectors []struct {
		Role  string `yaml:"role"`
		Label string `yaml:"label"`
		Field string `yaml:"field"`
	} `yaml:"selectors"`
}

func (*kubernetes) Name() string { return "kubernetes" }

type nerve struct {
	fake    `yaml:"-"`
	Servers []string `yaml:"servers"`
	Paths   []string `yaml:"paths"`
}

func (*nerve) Name() string { return "nerve" }

type oci struct {
	fake              `yaml:"-"`
	Auth              string              `yaml:"auth"`
	Region            string              `yaml:"region"`
	Tenancy           string              `yaml:"tenancy"`
	User              string              `yaml:"user"`
	Fingerprint       string              `yaml:"fingerprint"`
	KeyFile           string              `yaml:"key_file"`
	KeyPassphrase     commonconfig.Secret `yaml:"key_passphrase"`
	KeyPassphraseFile string              `yaml:"key_passphrase_file"`
}

func (*oci) Name() string { return "oci" }

type scaleway struct {
	fake          `yaml:"-"`
	Role          string              `yaml:"role"`
	ProjectID     string              `yaml:"project_id"`
	AccessKey     string              `yaml:"access_key"`
	SecretKey     commonconfig.Secret `yaml:"secret_key"`
	SecretKeyFile string              `yaml:"secret_key_file"`
}

func (*scaleway) Name() string { return "scaleway" }

// A picky refuses everything, in one of the ways that mechanisms have.
type picky struct {
	fake   `yaml:"-"`
	Server string              `yaml:"server"`
	Token  commonconfig.Secret `yaml:"token"`
}

func (*picky) Name() string { return "picky" }

func (p *picky) UnmarshalYAML(unmarshal func(any) error) error {
	type plain picky
	if err := unmarshal((*plain)(p)); err != nil {
		return err
	}
	if _, err := url.Parse(p.Server); err != nil {
		return err
	}
	if p.Token != "" {
		return errors.New("picky_sd: the token '" + string(p.Token) + "' is not for http://me:s3cret@" + p.Server)
	}
	return errors.New("picky SD configuration requires an offering")
}
