package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/periskop-exporter/periskop_exporter/view"
)

// A linkTemplate is the value of a flag that makes addresses of what is shown. Everything that is filled in
// is escaped, so that it stays one value of a query.
type linkTemplate struct{ template *template.Template }

// logsFields are what a template of --web.logs-url can name, and tracesFields one of --web.traces-url.
type (
	logsFields struct {
		ServiceName, ExceptionID, Occurrence string
		From, To                             instant
	}
	tracesFields struct{ TraceID, SpanID, ServiceName string }
)

// An instant is written in milliseconds since 1970, as Grafana has times.
type instant time.Time

// String returns the milliseconds.
func (i instant) String() string { return strconv.FormatInt(time.Time(i).UnixMilli(), 10) }

// RFC3339 returns it so, in UTC.
func (i instant) RFC3339() string { return escape(time.Time(i).UTC().Format(time.RFC3339)) }

// escape makes a text one value of a query, wherever in an address that stands.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// parseLink returns the template that is the value of a flag, nil when it is empty. It is tried
// with each of samples, which differ in everything.
func parseLink(flag, value string, samples ...any) (*linkTemplate, error) {
	if value == "" {
		return nil, nil
	}
	parsed, err := template.New(flag).Parse(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	link, host := &linkTemplate{parsed}, ""
	for _, sample := range samples {
		var b strings.Builder
		if err := parsed.Execute(&b, sample); err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		u, err := url.Parse(b.String())
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", flag, err)
		case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || host != "" && host != u.Host:
			return nil, fmt.Errorf("%s: %q does not begin with a URL such as https://logs.example.com/", flag, value)
		case u.User != nil:
			return nil, fmt.Errorf("%s: it has a user name or a password, which every page would show", flag)
		}
		host = u.Host
	}
	return link, nil
}

func (l *linkTemplate) with(fields any) string {
	var b strings.Builder
	if l.template.Execute(&b, fields) != nil {
		return "" // which the samples would have shown
	}
	return b.String()
}

func parseLogsURL(value string) (*linkTemplate, error) {
	return parseLink("--web.logs-url", value,
		logsFields{"a", "b", "c", instant(time.Unix(1, 0)), instant(time.Unix(2, 0))},
		logsFields{"d", "e", "f", instant(time.Unix(3, 0)), instant(time.Unix(4, 0))})
}

func parseTracesURL(value string) (*linkTemplate, error) {
	return parseLink("--web.traces-url", value, tracesFields{"a", "b", "c"}, tracesFields{"d", "e", "f"})
}

// logsURL returns what makes links to older occurrences; nil without a template.
func (f *serveFlags) logsURL() func(view.LogsLink) string {
	if f.logs == nil {
		return nil
	}
	return func(l view.LogsLink) string {
		return f.logs.with(logsFields{escape(l.ServiceName), escape(l.ExceptionID), escape(l.Occurrence), instant(l.From), instant(l.To)})
	}
}

// tracesURL returns what makes links to distributed traces; nil without a template.
func (f *serveFlags) tracesURL() func(view.TraceLink) string {
	if f.traces == nil {
		return nil
	}
	return func(l view.TraceLink) string {
		return f.traces.with(tracesFields{escape(l.TraceID), escape(l.SpanID), escape(l.ServiceName)})
	}
}
