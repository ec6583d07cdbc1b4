package discovery

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// updateRounds notes how far discovery has looked, as far as what came of it has been
// published.
func (p *publisher) updateRounds(now time.Time) {
	rounds := make(map[string]periskop.Round, len(p.blocks))
	list := make([]periskop.Round, 0, len(p.blocks))
	for name, b := range p.blocks {
		if !b.left.IsZero() {
			continue
		}
		round := p.rounds[name]
		if round.Discovery != b.service.digest {
			round = periskop.Round{Block: name, Discovery: b.service.digest}
		}
		if at := p.completeSince(b, now); at.After(round.Last) {
			round.Last = at
		}
		if round.First.IsZero() && !round.Last.IsZero() {
			round.First = now
			p.discovery.wake() // to publish that it has answered
		}
		rounds[name] = round
		list = append(list, round)
	}
	slices.SortFunc(list, func(a, b periskop.Round) int { return strings.Compare(a.Block, b.Block) })
	p.rounds = rounds
	p.discovery.rounds.Store(&list)
}

// completeSince returns when everything was seen last that b has published; zero when
// that cannot be said now.
func (p *publisher) completeSince(b *block, now time.Time) time.Time {
	if len(b.service.sources) != len(b.versions) {
		return time.Time{}
	}
	var oldest time.Time
	for i, src := range b.service.sources {
		st, round := src.versionAndRound()
		switch {
		case st != b.versions[i], round.IsZero():
			// Something is not published yet, or there is nothing to publish.
			return time.Time{}
		case src.config.Name() == kubernetesName && !p.discovery.api.inSync(now):
			return time.Time{}
		case oldest.IsZero() || round.Before(oldest):
			oldest = round
		}
	}
	return oldest
}

// digestOf returns the digest of a [periskop.Round]. Secrets, which the configuration
// hides when it is written, do not matter.
func digestOf(s *Service) (string, error) {
	h := sha256.New()
	for _, config := range s.Configs {
		text, err := yaml.Marshal(config)
		if err != nil {
			return "", fmt.Errorf("write the %s discovery: %w", config.Name(), err)
		}
		fmt.Fprintf(h, "%s\n%s\n", config.Name(), text)
	}
	text, err := yaml.Marshal(s.Relabel)
	if err != nil {
		return "", fmt.Errorf("write relabel_configs: %w", err)
	}
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}
