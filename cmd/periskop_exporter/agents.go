package main

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/prometheus/common/version"

	"github.com/periskop-exporter/periskop_exporter/agents"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/view"
)

// agents returns the handler for coding agents. They see what the pages show.
func (e *exporter) agents(pages *view.Pages) http.Handler {
	o := agents.Options{
		Snapshot: func() *merge.Snapshot { return e.state.RecentSnapshot(pageAge) },
		Targets:  e.services.targets,
		Health:   e.pool.Health,
		Search: func(service, words, state string) ([]*merge.Exception, int) {
			if state == agents.States[0] {
				state = "" // as the list has it
			}
			return pages.Search(url.Values{names.ServiceName: {service}, "q": {words}, "state": {state}})
		},
		Markdown: pages.Markdown,
		Link:     func(id string) string { return strings.TrimSuffix(e.flags.external.String(), "/") + "/trace/" + id },
		Team:     e.services.team,
		User:     e.user,
		Version:  version.Version,
		Logger:   e.logger.With("component", "agents"),
	}
	if e.canChange() {
		o.Decide = e.decide
	}
	return agents.New(o)
}
