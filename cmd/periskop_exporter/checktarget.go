package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/version"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/scrape"
)

const (
	// maxChecked is how large an answer may be, in bytes: as by default in a configuration.
	maxChecked = 64 << 20
	// maxRemarks is how many remarks of one kind are printed.
	maxRemarks = 5
)

func (c *commands) addCheckTarget() {
	var (
		targets []string
		timeout time.Duration
	)
	cmd := c.add("check-target", "Scrape endpoints once, and say what of their answers is right, odd and wrong.", func(ctx context.Context) error {
		return c.checkTargets(ctx, targets, timeout)
	})
	cmd.Flag("timeout", "How long to wait for an answer.").Default("10s").SetValue((*duration)(&timeout))
	cmd.Arg("url", "The URLs of the endpoints.").Required().StringsVar(&targets)
}

// checkTargets fails when a target cannot be read, or something in its answer.
func (c *commands) checkTargets(ctx context.Context, targets []string, timeout time.Duration) error {
	if timeout <= 0 {
		return errors.New("--timeout: it is zero; write for example 10s")
	}
	wrong := 0
	for _, target := range targets {
		u, err := url.Parse(target)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("%q is no URL; write for example http://localhost:8080/-/exceptions", redact.Hide(target))
		}
		s, err := scrapeTarget(ctx, target, timeout)
		if err != nil {
			return err
		}
		if !printAnswer(c.stdout, redact.Hide(target), s) {
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("not in order: %d of %s", wrong, plural(len(targets), "target"))
	}
	return nil
}

// A collected answer is a scrape with its aggregates.
type collected struct {
	*periskop.Scrape
	aggregates []periskop.Aggregate
	done       context.CancelFunc
}

// Generation implements scrape.Intake.
func (c *collected) Generation() uint64 { return 0 }

// Take implements scrape.Intake.
func (c *collected) Take(a *periskop.Aggregate) {
	own := *a
	own.Latest = slices.Clone(a.Latest)
	c.aggregates = append(c.aggregates, own)
}

// Fold implements scrape.Intake.
func (c *collected) Fold(s *periskop.Scrape) {
	c.Scrape = s
	c.done()
}

// scrapeTarget scrapes it as it would be by the exporter.
func scrapeTarget(ctx context.Context, target string, timeout time.Duration) (*collected, error) {
	once, cancel := context.WithCancel(ctx)
	defer cancel()
	answer := &collected{done: cancel}
	begun := false
	pool := scrape.New(scrape.Options{
		Begin: func(*periskop.Scrape) scrape.Intake {
			if begun { // a second one, which is cut off
				return &collected{done: cancel}
			}
			begun = true
			return answer
		},
		UserAgent: appName + "/" + version.Version,
	})
	const name = "target"
	pool.Apply([]scrape.Service{{Name: name, HTTPClient: commonconfig.DefaultHTTPClientConfig, BodySizeLimit: maxChecked}})
	pool.SetTargets([]periskop.ServiceTargets{{Service: name, Targets: []*periskop.Target{{
		Service: name, Instance: target, URL: target, Interval: time.Hour, Timeout: timeout,
	}}}})
	err := pool.Run(once)
	if answer.Scrape == nil {
		return nil, errors.Join(err, ctx.Err())
	}
	return answer, nil
}

// printAnswer reports whether nothing is wrong with it.
func printAnswer(w io.Writer, shown string, a *collected) (ok bool) {
	if a.Err != nil {
		fmt.Fprintf(w, "%s\n  wrong: %v\n", shown, a.Err)
		return false
	}
	r := a.Report
	p := &remarks{hide: redact.New(redact.Options{})}
	occurrences := 0
	for i := range a.aggregates {
		occurrences += p.aggregate(&a.aggregates[i], a.Scrape)
	}
	fmt.Fprintf(w, "%s\n  right: %s with %s, in %d bytes and %s\n", shown,
		plural(len(a.aggregates), "key"), plural(occurrences, "occurrence"), a.Size, a.Duration.Round(time.Millisecond))
	if r.TargetUUID == "" {
		p.add("target_uuid", "there is no target_uuid: a process that restarts at the same address, or moves to another, is told apart by occurrences and times alone")
	} else {
		fmt.Fprintf(w, "  right: the process calls itself %s\n", p.hide.Text(r.TargetUUID))
	}
	if a.Date.IsZero() {
		p.add("date", "the answer has no Date header: nobody can tell by how much the target's clock is wrong")
	} else if off := a.Date.Sub(a.End()).Abs(); off > time.Minute {
		p.add("date", fmt.Sprintf("the target's clock is %s off; its times are read as its clock says", off.Round(time.Second)))
	}
	if a.Age > 0 {
		p.add("age", fmt.Sprintf("a cache in front gave an answer that was %s old", a.Age))
	}
	for _, text := range p.texts {
		fmt.Fprintf(w, "  odd: %s\n", text)
	}
	if err := a.Unread; err != nil {
		fmt.Fprintf(w, "  wrong: %v\n", err)
		return false
	}
	return true
}

// remarks are what is odd about an answer.
type remarks struct {
	hide  *redact.Redactor
	texts []string
	kinds map[string]int
}

func (p *remarks) add(kind, text string) {
	if p.kinds == nil {
		p.kinds = map[string]int{}
	}
	p.kinds[kind]++
	switch n := p.kinds[kind]; {
	case n <= maxRemarks:
		p.texts = append(p.texts, text)
	case n == maxRemarks+1:
		p.texts = append(p.texts, "and more of that kind: "+kind)
	}
}

// aggregate returns how many occurrences it lists.
func (p *remarks) aggregate(a *periskop.Aggregate, s *periskop.Scrape) int {
	key := p.hide.Text(a.Key)
	latest := a.Latest.Decode(nil)
	say := func(kind, format string, args ...any) {
		p.add(kind, fmt.Sprintf("%q: ", key)+fmt.Sprintf(format, args...))
	}
	if a.CreatedAt.IsZero() {
		say("created_at", "there is no created_at: what was there before the first scrape is told from news by occurrences alone")
	} else if ahead := a.CreatedAt.Sub(s.End()); ahead > time.Minute {
		say("created_at", "created_at is %s ahead: local time that is marked as UTC, or a wrong clock", ahead.Round(time.Second))
	}
	switch {
	case a.TotalCount == 0:
		say("total_count", "total_count is 0")
	case len(latest) == 0:
		say("latest_errors", "lists no occurrence: there is no stack trace to show")
	case uint64(len(latest)) > a.TotalCount:
		say("total_count", "lists %d occurrences, more than its total_count of %d", len(latest), a.TotalCount)
	}
	for i := range latest {
		switch o := &latest[i]; {
		case o.Timestamp.IsZero():
			say("timestamp", "an occurrence without a timestamp")
		case strings.TrimSpace(o.Error.Class) == "":
			say("class", "an occurrence without a class")
		case len(o.Error.Stacktrace) == 0:
			say("stacktrace", "an occurrence without a stack trace")
		default:
			continue
		}
		break
	}
	return len(latest)
}
