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
	Blocks   []blockRow
	Services []option
	States   []option
	ClearURL string
	// Tally has how many targets are in which state.
	Tally []stateCount
	// Discovery has the services of which targets may be missing.
	Discovery     []discoveryRow
	DiscoveryLeft string
	TroubleURL    string
	Groups        []targetGroup
	Pager         pager
	Empty         *emptyList
	Config        *configSection
	Storage       *storageSection
	Export        *storageSection
	Peers         *peersSection
	Flags         []fact
	Build         []fact
}

// A stateCount is how many targets are in a state.
type stateCount struct {
	Text     string
	Tone     tone
	URL      string
	Selected bool
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
	p := newStatusPage(v.services(v.Snapshot(), ""), parseTargetFilter(r.URL.Query()), now, to)
	p.Reload = newReloadProblem(config, now, to)
	p.Blocks = newBlockRows(v.Feeders(), false)
	p.Config = newConfigSection(config, now, to)
	if v.Storage != nil {
		p.Storage = newStorageSection(v.Storage(), now)
	}
	if v.Export != nil {
		p.Export = newExportSection(v.Export(), now)
	}
	if v.Peers != nil {
		p.Peers = newPeersSection(v.Peers(), now)
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
	sortByTrouble(services)
	entries := f.entries(services)
	pager, from, end := newPager(len(entries), targetsPerPage, f.Page, func(n int) string {
		f := f
		f.Page = n
		return to.status(f)
	})
	p := &statusPage{
		Pager: pager, States: stateOptions(f.State), Services: healthOptions(services, f.Service),
		Tally: f.tally(services, to), TroubleURL: to.services(serviceFilter{Show: showTrouble}),
	}
	if f.Service != "" || f.State != "" {
		p.ClearURL = to.status(targetFilter{})
	}
	p.Discovery, p.DiscoveryLeft = f.newDiscoveryRows(services, now, to)
	p.Groups = newTargetGroups(entries, from, end, now, to)
	if len(entries) == 0 {
		p.Empty = f.whyEmpty(services, to)
	}
	return p
}

// tally counts the targets of the services that are shown, by state.
func (f targetFilter) tally(services []*serviceHealth, to links) []stateCount {
	counts := map[targetState]int{}
	for _, s := range services {
		if f.takes(s) {
			counts[targetUp] += s.Up
			counts[targetDown] += s.Down
			counts[targetWaiting] += s.Waiting
		}
	}
	var list []stateCount
	for _, state := range targetStates {
		if n := counts[state]; n > 0 || state == f.State {
			c := stateCount{Text: number(n) + " " + string(state), Tone: stateTones[state], Selected: state == f.State}
			c.URL = to.status(targetFilter{Service: f.Service, State: state})
			list = append(list, c)
		}
	}
	return list
}

// whyEmpty says why no target is listed. That of a state may be a good thing: a link of
// an alert may be followed when all is well again.
func (f targetFilter) whyEmpty(services []*serviceHealth, to links) *emptyList {
	all, ofService := action{"See all targets", to.status(targetFilter{})}, action{"See all its targets", to.status(targetFilter{Service: f.Service})}
	known := slices.ContainsFunc(services, f.takes)
	found := slices.ContainsFunc(services, func(s *serviceHealth) bool { return f.takes(s) && len(s.Targets) > 0 })
	e := &emptyList{Heading: "No targets", Actions: []action{all}}
	switch {
	case len(services) == 0:
		e.Text, e.Actions = "No service is configured.", nil
	case !known:
		e.Heading, e.Text = "There is no such service", "No service of this name is configured. It may have been renamed, or another exporter scrapes it."
	case !found && f.Service != "":
		e.Text = "Discovery finds none for this service."
	case !found:
		e.Text, e.Actions = "Discovery finds none for any service.", nil
	default:
		e.Heading, e.Text = "No target is "+string(f.State)+" now", "One that was may have come back, or is not discovered any more."
		if f.Service != "" {
			e.Actions = []action{ofService, all}
		}
	}
	return e
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
	if selected != "" && !slices.ContainsFunc(services, func(s *serviceHealth) bool { return s.Name == selected }) {
		list = append(list, newOption(selected, selected))
	}
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

// storageProblem returns nil when the state is kept as it should be.
func (v *view) storageProblem(now time.Time) *storageSection {
	if v.Storage == nil {
		return nil
	}
	s := v.Storage()
	if s.Err == nil && s.Damaged == "" {
		return nil
	}
	out := newStorageSection(s, now)
	if s.Err == nil {
		limit := budget{left: lineBudget}
		damaged := limit.line(s.Damaged)
		out.Tone, out.State, out.Err = toneBad, "was damaged when the program started", &damaged
	}
	return out
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
