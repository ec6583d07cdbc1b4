package discovery

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// serviceNameLabel is the label by which a target belongs to a service, whichever block
// has found it.
const serviceNameLabel = "service_name"

// A targetMaker makes targets from discovered labels, for one service, the way
// Prometheus does: see [labels that steer a scrape].
//
// [labels that steer a scrape]: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
type targetMaker struct {
	service   *Service
	checkName func(string) error
	defaults  []labels.Label // what a target has before relabelling, unless discovery says otherwise
	builder   *labels.Builder
}

func newTargetMaker(s *Service, checkName func(string) error) *targetMaker {
	m := &targetMaker{
		service:   s,
		checkName: checkName,
		defaults: []labels.Label{
			{Name: model.JobLabel, Value: s.Name},
			{Name: model.ScrapeIntervalLabel, Value: model.Duration(s.Interval).String()},
			{Name: model.ScrapeTimeoutLabel, Value: model.Duration(s.Timeout).String()},
			{Name: model.MetricsPathLabel, Value: s.Path},
			{Name: model.SchemeLabel, Value: cmp.Or(s.Scheme, "http")},
		},
		builder: labels.NewBuilder(labels.EmptyLabels()),
	}
	for name, values := range s.Params {
		if len(values) > 0 {
			m.defaults = append(m.defaults, labels.Label{Name: model.ParamLabelPrefix + name, Value: values[0]})
		}
	}
	return m
}

// target returns the target of one discovered label set and the labels of its group,
// nil when relabelling drops it, or an error when what relabelling leaves cannot be
// scraped.
func (m *targetMaker) target(own, group model.LabelSet) (*periskop.Target, error) {
	discovered := m.discover(own, group)
	if !relabel.ProcessBuilder(m.builder, m.service.Relabel...) {
		return nil, nil
	}
	t := &periskop.Target{Block: m.service.Name, Discovered: shown(discovered)}
	var err error
	if t.Service, err = m.serviceName(); err != nil {
		return nil, err
	}
	if t.URL, err = m.url(); err != nil {
		return nil, err
	}
	if shown := redact.Hide(t.URL); shown != t.URL {
		t.ShownURL = shown
	}
	if t.Interval, t.Timeout, err = m.schedule(); err != nil {
		return nil, err
	}
	t.Instance = redact.Hide(cmp.Or(m.builder.Get(model.InstanceLabel), m.builder.Get(model.AddressLabel)))
	m.builder.Set(model.InstanceLabel, t.Instance)
	if t.Labels, err = m.kept(); err != nil {
		return nil, err
	}
	return t, nil
}

// discover fills the builder with the labels before relabelling: the target's own
// first, then the group's, then the defaults.
func (m *targetMaker) discover(own, group model.LabelSet) labels.Labels {
	m.builder.Reset(labels.EmptyLabels())
	for name, value := range group {
		m.builder.Set(string(name), string(value))
	}
	for name, value := range own {
		m.builder.Set(string(name), string(value))
	}
	for _, l := range m.defaults {
		if m.builder.Get(l.Name) == "" {
			m.builder.Set(l.Name, l.Value)
		}
	}
	return m.builder.Labels()
}

// serviceName returns the service that the target belongs to: the one that its label
// names, or else the one of the block.
func (m *targetMaker) serviceName() (string, error) {
	name := m.builder.Get(serviceNameLabel)
	if name == "" || m.service.FixedName {
		return m.service.Name, nil
	}
	if err := m.checkName(name); err != nil {
		return "", fmt.Errorf("its label %s: %w", serviceNameLabel, err)
	}
	return redact.Hide(name), nil
}

// url puts together what is scraped. A parameter label stands for the first value of
// that parameter; further values come from the configuration.
func (m *targetMaker) url() (string, error) {
	address, scheme := m.builder.Get(model.AddressLabel), m.builder.Get(model.SchemeLabel)
	if err := checkAddress(address); err != nil {
		return "", err
	}
	if s := strings.ToLower(scheme); s != "http" && s != "https" {
		return "", fmt.Errorf("its scheme %q is neither http nor https", scheme)
	}
	params := url.Values{}
	maps.Copy(params, m.service.Params)
	m.builder.Range(func(l labels.Label) {
		name, ok := strings.CutPrefix(l.Name, model.ParamLabelPrefix)
		if !ok {
			return
		}
		values := []string{l.Value}
		if more := params[name]; len(more) > 1 {
			values = append(values, more[1:]...)
		}
		params[name] = values
	})
	u := url.URL{Scheme: scheme, Host: address, Path: m.builder.Get(model.MetricsPathLabel), RawQuery: params.Encode()}
	text := u.String()
	// Prometheus finds out when it scrapes. A target that no request can be made
	// for is better told apart from one that is down.
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host != address {
		return "", fmt.Errorf("its address %q, scheme %q and path %q make no URL", address, u.Scheme, u.Path)
	}
	return text, nil
}

// checkAddress says what keeps an address from being one, which Prometheus finds out when
// it connects.
func checkAddress(address string) error {
	switch {
	case address == "":
		return errors.New("it has no address")
	case strings.Contains(address, "/"):
		return fmt.Errorf("its address %q is not host:port", address)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil // It has no port, or is reported with the URL.
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("its address %q has no port from 1 to 65535", address)
	}
	return nil
}

func (m *targetMaker) schedule() (interval, timeout time.Duration, err error) {
	if interval, err = m.duration(model.ScrapeIntervalLabel, "interval"); err != nil {
		return 0, 0, err
	}
	if timeout, err = m.duration(model.ScrapeTimeoutLabel, "timeout"); err != nil {
		return 0, 0, err
	}
	if timeout > interval {
		return 0, 0, fmt.Errorf("its scrape timeout of %v is longer than its scrape interval of %v",
			model.Duration(timeout), model.Duration(interval))
	}
	return interval, timeout, nil
}

func (m *targetMaker) duration(label, what string) (time.Duration, error) {
	text := m.builder.Get(label)
	d, err := model.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("its scrape %s %q is not a duration such as 30s", what, text)
	}
	if d == 0 {
		return 0, fmt.Errorf("its scrape %s is 0", what)
	}
	return time.Duration(d), nil
}

// kept returns the labels that stay on the target: meta labels and the others that
// begin with two underscores were for relabelling.
func (m *targetMaker) kept() (periskop.Labels, error) {
	var kept periskop.Labels
	var err error
	m.builder.Range(func(l labels.Label) {
		if strings.HasPrefix(l.Name, model.MetaLabelPrefix) {
			return
		}
		if !model.UTF8Validation.IsValidLabelName(l.Name) || !model.LabelValue(l.Value).IsValid() {
			err = fmt.Errorf("its label %q with the value %q is not UTF-8", l.Name, l.Value)
		}
		if !strings.HasPrefix(l.Name, model.ReservedLabelPrefix) {
			kept = append(kept, periskop.Label{Name: l.Name, Value: redact.HideValue(l.Name, l.Value)})
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(kept, func(a, b periskop.Label) int { return strings.Compare(a.Name, b.Name) })
	return kept, nil
}

// shown returns labels as pages show them: HTTP discovery, for one, makes a meta
// label of its URL, password and all.
func shown(ls labels.Labels) periskop.Labels {
	result := make(periskop.Labels, 0, ls.Len())
	ls.Range(func(l labels.Label) {
		result = append(result, periskop.Label{Name: l.Name, Value: redact.HideValue(l.Name, l.Value)})
	})
	return result
}

// compareTargets orders the targets of one service, and is 0 for those that are one.
func compareTargets(a, b *periskop.Target) int {
	return cmp.Or(
		strings.Compare(a.URL, b.URL),
		slices.CompareFunc(a.Labels, b.Labels, func(a, b periskop.Label) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
		}),
	)
}

// sameTarget reports whether two targets that compareTargets takes for one do not
// differ in anything else either.
func sameTarget(a, b *periskop.Target) bool {
	return a.Service == b.Service && a.Instance == b.Instance && a.Interval == b.Interval && a.Timeout == b.Timeout &&
		slices.Equal(a.Discovered, b.Discovered)
}

// skipped says which target is not scraped, and why.
func skipped(own model.LabelSet, group string, err error) string {
	if address := own[model.AddressLabel]; address != "" {
		return sentence(fmt.Sprintf("The target %q is not scraped: %v", string(address), err))
	}
	return sentence(fmt.Sprintf("A target of the group %q is not scraped: %v", group, err))
}
