package peers

import (
	"fmt"
	"net/http"
	"time"

	commonconfig "github.com/prometheus/common/config"
)

// Settings are what a reload can change.
type Settings struct {
	// HTTPClient is used for all requests.
	HTTPClient commonconfig.HTTPClientConfig
	// Interval is the time between two requests to a peer, and Timeout how long one may take.
	Interval, Timeout time.Duration
}

// A connection is the settings, with their client.
type connection struct {
	Settings
	client *http.Client
}

func (s *Settings) connect() (*connection, error) {
	client, err := commonconfig.NewClientFromConfig(s.HTTPClient, "peers")
	if err != nil {
		return nil, fmt.Errorf("peers: %w", err)
	}
	return &connection{*s, client}, nil
}
