package config

import (
	"net/url"

	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/model/relabel"
)

// The raw types mirror the file: their tags are the keys that exist. A field of type
// discovery.Configs stands for one key per mechanism, static_configs, dns_sd_configs
// and so on; its block is decoded apart.

type rawConfig struct {
	Repository    rawRepository     `yaml:"repository"`
	Global        rawGlobal         `yaml:"global"`
	Services      []rawService      `yaml:"services"`
	GroupBy       []groupLabel      `yaml:"group_by"`
	Labels        []groupLabel      `yaml:"occurrence_labels"`
	MetricRelabel []*relabel.Config `yaml:"metric_relabel_configs"`
	OwnCode       []codePrefix      `yaml:"own_code"`
	SourceLinks   []rawSourceLink   `yaml:"source_links"`
	Links         []rawLink         `yaml:"links"`
	Grouping      []rawGroupingRule `yaml:"grouping"`
	Limits        rawLimits         `yaml:"limits"`
	Redaction     rawRedaction      `yaml:"redaction"`
	Retention     rawRetention      `yaml:"retention"`
	Alerting      rawAlerting       `yaml:"alerting"`
	Export        rawExport         `yaml:"export"`
	Peers         rawPeers          `yaml:"peers"`
}

type rawRepository struct {
	Type repositoryType `yaml:"type"`
	Path string         `yaml:"path"`
}

type rawGlobal struct {
	Scraper        rawScraper           `yaml:"scraper"`
	LateDiscovery  lag                  `yaml:"late_discovery"`
	ExternalLabels map[labelName]string `yaml:"external_labels"`
}

type rawService struct {
	Name          serviceName       `yaml:"name"`
	Push          bool              `yaml:"push"`
	Discovery     discovery.Configs `yaml:"-"`
	Relabel       []*relabel.Config `yaml:"relabel_configs"`
	MetricRelabel []*relabel.Config `yaml:"metric_relabel_configs"`
	GroupBy       []groupLabel      `yaml:"group_by"`
	Labels        []groupLabel      `yaml:"occurrence_labels"`
	OwnCode       []codePrefix      `yaml:"own_code"`
	SourceLinks   []rawSourceLink   `yaml:"source_links"`
	Links         []rawLink         `yaml:"links"`
	Grouping      []rawGroupingRule `yaml:"grouping"`
	Team          teamName          `yaml:"team"`
	Scraper       rawScraper        `yaml:"scraper"`
}

type rawScraper struct {
	Endpoint      endpoint                      `yaml:"endpoint"`
	Interval      duration                      `yaml:"refresh_interval"`
	Timeout       duration                      `yaml:"timeout"`
	Scheme        scheme                        `yaml:"scheme"`
	Params        url.Values                    `yaml:"params"`
	BodySizeLimit byteSize                      `yaml:"body_size_limit"`
	HTTPClient    commonconfig.HTTPClientConfig `yaml:",inline"`
}

type rawLimits struct {
	Services           count    `yaml:"services"`
	TargetsPerBlock    count    `yaml:"targets_per_block"`
	ProcessesPerTarget count    `yaml:"processes_per_target"`
	KeysPerService     count    `yaml:"keys_per_service"`
	OccurrencesPerKey  count    `yaml:"occurrences_per_key"`
	OccurrenceSize     byteSize `yaml:"occurrence_size"`
	LabelLength        count    `yaml:"label_length"`
	PayloadSize        byteSize `yaml:"payload_size"`
}

type rawRedaction struct {
	Headers  []headerName   `yaml:"headers"`
	Members  []memberName   `yaml:"members"`
	Patterns []pattern      `yaml:"patterns"`
	Personal []personalData `yaml:"personal_data"`
}

type rawRetention struct {
	Series  duration `yaml:"series"`
	Process duration `yaml:"process"`
}

type rawAlerting struct {
	Alertmanagers []rawAlertmanager `yaml:"alertmanagers"`
	Relabel       []*relabel.Config `yaml:"alert_relabel_configs"`
	QuietAfter    duration          `yaml:"quiet_after"`
	ResendDelay   duration          `yaml:"resend_delay"`
	PerService    count             `yaml:"alerts_per_service"`
	DashboardURL  webURL            `yaml:"dashboard_url"`
}

type rawAlertmanager struct {
	Scheme       scheme                        `yaml:"scheme"`
	PathPrefix   string                        `yaml:"path_prefix"`
	Timeout      duration                      `yaml:"timeout"`
	APIVersion   apiVersion                    `yaml:"api_version"`
	Discovery    discovery.Configs             `yaml:"-"`
	Relabel      []*relabel.Config             `yaml:"relabel_configs"`
	AlertRelabel []*relabel.Config             `yaml:"alert_relabel_configs"`
	HTTPClient   commonconfig.HTTPClientConfig `yaml:",inline"`
}
