package discovery_test

import (
	"testing"

	"go.uber.org/goleak"

	_ "github.com/prometheus/prometheus/discovery/dns"
	_ "github.com/prometheus/prometheus/discovery/http"
)

func TestMain(m *testing.M) {
	enterDNSRoot()
	goleak.VerifyTestMain(m)
}
