package config_test

import (
	"testing"

	// These have few dependencies, and a decoder with an opinion.
	_ "github.com/prometheus/prometheus/discovery/eureka"
	_ "github.com/prometheus/prometheus/discovery/marathon"
	_ "github.com/prometheus/prometheus/discovery/puppetdb"
	_ "github.com/prometheus/prometheus/discovery/triton"

	"github.com/periskop-exporter/periskop_exporter/config"
)

func TestMechanismsHaveTheirKeys(t *testing.T) {
	for _, key := range config.UnknownMechanismKeys() {
		t.Errorf("there is no %s", key)
	}
}
