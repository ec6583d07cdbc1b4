package config

import (
	"slices"

	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

// Finders returns what finds the targets of the service: nothing for one that is pushed to
// and has empty lists of targets alone, which stand there because the Periskop server wants
// some. It misses no targets.
func (s *Service) Finders() discovery.Configs {
	if s.Push && !slices.ContainsFunc(s.Discovery, finds) {
		return nil
	}
	return s.Discovery
}

func finds(c discovery.Config) bool {
	static, ok := c.(discovery.StaticConfig)
	return !ok || slices.ContainsFunc(static, func(g *targetgroup.Group) bool { return len(g.Targets) > 0 })
}
