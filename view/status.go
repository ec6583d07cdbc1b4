package view

import (
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A statusPage says whether this program does what it should.
type statusPage struct {
	Reload   *reloadProblem
	Services []option
	States   []option
	ClearURL string
	Groups   []targetGroup
	Pager    pager
	Empty    string
	Config   *configSection
	Storage  *storageSection
	Flags    []fact
	Build    []fact
}

// A storageSection says how the state is kept.
type storageSection struct {
	Tone  tone
	State string
	Err   *block // why it cannot be written
	Facts []fact
}

type configSection struct {
	File   string
	Loaded moment
	Text   block
	URL    string // the whole as plain text
}

func (v *view) serveStatus(w http.ResponseWriter, r *http.Request) {
	now, to := v.Now(), linksFrom(r)
	config := v.Config()
	services := joinHealth(v.Snapshot(), v.Targets(), v.Health())
	p := newStatusPage(services, parseTargetFilter(r.URL.Query()), now, to)
	p.Reload = newReloadProblem(config, now, to)
	p.Config = newConfigSection(config, now, to)
	if v.Storage != nil {
		p.Storage = newStorageSection(v.Storage(), now)
	}
	p.Build = newBuildFacts(v.Build, v.Started, now)
	for _, f := range v.Flags {
		limit := budget{left: lineBudget}
		p.Flags = append(p.Flags, fact{"--" + strings.TrimPrefix(f.Name, "--"), limit.line(f.Value)})
	}
	v.render(w, r, http.StatusOK, pageStatus, now, &page{Title: title("Status"), Section: pageStatus, Content: p})
}

// serveConfig answers with the running configuration alone.
func (v *view) serveConfig(w http.ResponseWriter, r *http.Request) {
	text := v.Config().Text
	if text == "" {
		v.serveNotFound(w, r)
		return
	}
	v.writePlain(w, http.StatusOK, text)
}

func newStatusPage(services []*serviceHealth, f targetFilter, now time.Time, to links) *statusPage {
	services = slices.Clone(services)
	sortByTrouble(services)
	entries := f.entries(services)
	pager, from, end := newPager(len(entries), targetsPerPage, f.Page, func(n int) string {
		f := f
		f.Page = n
		return to.status(f)
	})
	p := &statusPage{Pager: pager, States: stateOptions(f.State), Services: healthOptions(services, f.Service)}
	if f.Service != "" || f.State != "" {
		p.ClearURL = to.status(targetFilter{})
	}
	p.Groups = newTargetGroups(entries, from, end, now, to)
	switch {
	case len(entries) > 0:
	case len(services) == 0:
		p.Empty = "No service is configured."
	default:
		p.Empty = "No target is like that."
	}
	return p
}

func stateOptions(selected targetState) []option {
	list := []option{{Name: "All states", Selected: selected == ""}}
	for _, s := range targetStates {
		list = append(list, option{Value: string(s), Name: string(s), Selected: s == selected})
	}
	return list
}

func healthOptions(services []*serviceHealth, selected string) []option {
	list := []option{{Name: "All services", Selected: selected == ""}}
	for _, s := range services {
		list = append(list, newOption(s.Name, selected))
	}
	slices.SortFunc(list[1:], func(a, b option) int { return strings.Compare(a.Value, b.Value) })
	return list
}

// newConfigSection returns nil when the configuration is not known.
func newConfigSection(c ConfigStatus, now time.Time, to links) *configSection {
	if c.File == "" && c.Text == "" {
		return nil
	}
	limit := budget{left: blockBudget}
	return &configSection{
		File:   c.File,
		Loaded: newMoment(now, c.LoadedAt),
		Text:   limit.block(c.Text, lines, blockBudget),
		URL:    to.config(),
	}
}

func newStorageSection(s StorageStatus, now time.Time) *storageSection {
	if s.Path == "" {
		return &storageSection{Tone: toneWarn, State: "in memory only: counters begin at zero at each start"}
	}
	out := &storageSection{Tone: toneGood, State: "written"}
	if s.Commits == 0 {
		out.Tone, out.State = toneWait, "nothing to write yet"
	}
	if s.Err != nil {
		limit := budget{left: lineBudget}
		reason := limit.line(s.Err.Error())
		out.Tone, out.State, out.Err = toneBad, "cannot be written; counting goes on in memory", &reason
	}
	last := newMoment(now, s.LastAt)
	if last.Machine != "" {
		last.Absolute += ", " + last.Relative + ", in " + took(s.Took)
	}
	out.Facts = newFacts(
		"Directory", s.Path,
		"Size", byteSize(int(s.Size)),
		"Last written", last.Absolute,
		"Failed", failures(s),
		"Damaged", s.Damaged,
	)
	return out
}

func failures(s StorageStatus) string {
	if s.Failures == 0 {
		return ""
	}
	return number(s.Failures) + " of " + plural(s.Failures+s.Commits, "time")
}

func newBuildFacts(b Build, started, now time.Time) []fact {
	up := newMoment(now, started)
	if up.Machine != "" {
		up.Absolute += ", " + up.Relative
	}
	return newFacts(
		"Version", b.Version,
		"Revision", b.Revision,
		"Branch", b.Branch,
		"Built", b.Date,
		"Go", b.GoVersion,
		"Platform", runtime.GOOS+"/"+runtime.GOARCH,
		"Started", up.Absolute,
	)
}
