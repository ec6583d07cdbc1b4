package discovery

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"
)

// A configuredService is a configured service and the sources of its targets. It does not
// change.
type configuredService struct {
	Service
	order   int    // in the file
	digest  string // of what [periskop.Round] says
	sources []*source
}

// newServices checks services, and returns them by name and without sources.
func newServices(services []Service) ([]*configuredService, error) {
	result := make([]*configuredService, 0, len(services))
	for i, s := range services {
		rules, err := checkedRules(s.Relabel)
		if err != nil {
			return nil, fmt.Errorf("service %s: %w", s.Name, err)
		}
		s.Relabel = rules
		digest, err := digestOf(&s)
		if err != nil {
			return nil, fmt.Errorf("service %s: %w", s.Name, err)
		}
		result = append(result, &configuredService{Service: s, order: i, digest: digest})
	}
	slices.SortFunc(result, func(a, b *configuredService) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(result); i++ {
		if result[i].Name == result[i-1].Name {
			return nil, fmt.Errorf("service %s: there are two of this name", result[i].Name)
		}
	}
	return result, nil
}

// checkedRules returns copies: to check a rule completes it.
func checkedRules(rules []*relabel.Config) ([]*relabel.Config, error) {
	result := make([]*relabel.Config, len(rules))
	for i, rule := range rules {
		r := *rule
		err := r.Validate(model.UTF8Validation)
		if err == nil && r.Regex.Regexp == nil {
			err = errors.New("there is no regex")
		}
		if err != nil {
			return nil, fmt.Errorf("relabel_configs[%d]: %w", i, err)
		}
		result[i] = &r
	}
	return result, nil
}

// complete reports whether every source has said what it has to say first.
func (s *configuredService) complete(now time.Time) bool {
	return !slices.ContainsFunc(s.sources, func(src *source) bool { return !src.complete(now) })
}

func (s *configuredService) usesKubernetes() bool {
	return slices.ContainsFunc(s.sources, func(src *source) bool { return src.config.Name() == kubernetesName })
}

// giveUpKubernetes is for when it is known that nothing is to be expected: the API does
// not answer, or has nothing to say.
func (s *configuredService) giveUpKubernetes(now time.Time) {
	for _, src := range s.sources {
		if src.config.Name() == kubernetesName {
			src.giveUp(now)
		}
	}
}

// sentences returns the problems of the sources.
func (s *configuredService) sentences() []string {
	var result []string
	for _, src := range s.sources {
		result = append(result, src.sentences()...)
	}
	return result
}
