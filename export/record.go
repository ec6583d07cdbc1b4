package export

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// What may go into one record. Loki refuses one that has more than 64 kB or 128 attributes beside
// its line, VictoriaLogs one of more than 2 MB.
const (
	maxStacktrace = 32 << 10
	maxText       = 4 << 10 // a message, a URL, a body
	maxHeaders    = 4 << 10
	maxHeaderSet  = 64 // how many headers
	maxName       = 1 << 10
)

// eventName is that of the event which a record tells of.
const eventName = "exception"

// scopeName is that of the instrumentation scope.
const scopeName = "periskop_exporter"

// records makes log records of occurrences, by means of one logger provider for each service.
type records struct {
	providers map[string]*provider
}

type provider struct {
	logger    log.Logger
	collected []sdk.Record
}

// maxProviders bounds the services whose providers are kept: all are made again then.
const maxProviders = 1000

// OnEmit implements sdk.Processor. It only collects.
func (p *provider) OnEmit(_ context.Context, r *sdk.Record) error {
	p.collected = append(p.collected, r.Clone())
	return nil
}

// Enabled implements sdk.Processor.
func (*provider) Enabled(context.Context, sdk.EnabledParameters) bool { return true }

// Shutdown implements sdk.Processor.
func (*provider) Shutdown(context.Context) error { return nil }

// ForceFlush implements sdk.Processor.
func (*provider) ForceFlush(context.Context) error { return nil }

// of returns the records of entries, in their order.
func (r *records) of(entries []entry) []sdk.Record {
	out := make([]sdk.Record, 0, len(entries))
	for i := range entries {
		p := r.provider(entries[i].Service)
		p.logger.Emit(spanContext(&entries[i]), record(&entries[i]))
		out = append(out, p.collected...)
		p.collected = p.collected[:0]
	}
	return out
}

func (r *records) provider(service string) *provider {
	p := r.providers[service]
	if p != nil {
		return p
	}
	if r.providers == nil || len(r.providers) >= maxProviders {
		r.providers = map[string]*provider{}
	}
	p = &provider{}
	// The resource has the name of the service and nothing else: whatever it has becomes a label
	// or a stream field in most of what keeps logs.
	p.logger = sdk.NewLoggerProvider(
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", service))),
		sdk.WithProcessor(p),
		sdk.WithAttributeCountLimit(-1), sdk.WithAttributeValueLengthLimit(-1),
	).Logger(scopeName)
	r.providers[service] = p
	return p
}

// spanContext returns a context of the trace that the occurrence was part of.
func spanContext(e *entry) context.Context {
	t := e.HTTPContext.Trace()
	if !t.IsValid() {
		return context.Background()
	}
	var flags trace.TraceFlags
	return trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: t.TraceID, SpanID: t.SpanID, TraceFlags: flags.WithSampled(t.Sampled), Remote: true,
	}))
}

// record returns the record of an occurrence, by the semantic conventions for exceptions and HTTP.
func record(e *entry) log.Record {
	var r log.Record
	r.SetEventName(eventName)
	r.SetTimestamp(e.Timestamp)
	if e.Timestamp.IsZero() {
		r.SetTimestamp(e.at)
	}
	r.SetObservedTimestamp(e.at)
	r.SetSeverity(severityOf(e.Severity))
	r.SetSeverityText(e.Severity)
	x := &e.Error
	r.SetBody(attribute.StringValue(headline(x)))
	text := func(key, value string, most int) {
		if value != "" {
			r.AddAttributes(attribute.String(key, cut(value, most)))
		}
	}
	text("exception.type", x.Class, maxName)
	text("exception.message", x.Message, maxText)
	text("exception.stacktrace", stacktrace(x), maxStacktrace)
	text("log.record.uid", e.UUID, maxName)
	text("periskop.exception_id", fmt.Sprintf("%016x", e.ID), maxName)
	text("periskop.aggregation_key", e.Key, maxText)
	text("service.instance.id", e.Instance, maxName)
	for _, l := range e.Labels {
		text("periskop.target."+l.Name, l.Value, maxName)
	}
	if e.HTTPContext != nil {
		r.AddAttributes(request(e.HTTPContext)...)
	}
	return r
}

// severityOf returns the number that OpenTelemetry has for a severity of Periskop.
func severityOf(severity string) log.Severity {
	switch severity {
	case "debug":
		return log.SeverityDebug
	case "info":
		return log.SeverityInfo
	case "warning":
		return log.SeverityWarn
	case "critical":
		return log.SeverityError2 // as for what syslog calls so
	case "fatal":
		return log.SeverityFatal
	}
	return log.SeverityError
}

func headline(x *periskop.Exception) string {
	switch {
	case x.Class == "":
		return cut(x.Message, maxText)
	case x.Message == "":
		return cut(x.Class, maxText)
	}
	return cut(x.Class+": "+x.Message, maxText)
}

// methods are those that the conventions know; any other is _OTHER.
var methods = map[string]bool{
	"CONNECT": true, "DELETE": true, "GET": true, "HEAD": true, "OPTIONS": true, "PATCH": true, "POST": true, "PUT": true, "TRACE": true, "QUERY": true,
}

// request returns the attributes of a request.
func request(c *periskop.HTTPContext) []attribute.KeyValue {
	var out []attribute.KeyValue
	add := func(key, value string) {
		if value != "" {
			out = append(out, attribute.String(key, cut(value, maxText)))
		}
	}
	switch method := strings.ToUpper(c.Method); {
	case method == "":
	case methods[method]:
		add("http.request.method", method)
	default:
		add("http.request.method", "_OTHER")
		add("http.request.method_original", cut(c.Method, maxName))
	}
	if u, err := url.Parse(c.URL); err == nil {
		if u.Host != "" && u.Scheme != "" {
			add("url.full", c.URL)
		}
		add("url.scheme", u.Scheme)
		add("url.path", u.EscapedPath())
		add("url.query", u.RawQuery)
	} else {
		add("url.full", c.URL)
	}
	add("periskop.http_request_body", c.Body)
	return append(out, headers(c.Headers)...)
}

// headers returns the attributes of the headers of a request, the first ones as far as there is
// room.
func headers(list []periskop.Header) []attribute.KeyValue {
	var names []string
	values := map[string][]string{}
	size := 0
	for _, h := range list {
		name := strings.ToLower(h.Name)
		if size += len(name) + len(h.Value); size > maxHeaders {
			break
		}
		if _, ok := values[name]; !ok {
			if len(names) == maxHeaderSet {
				break
			}
			names = append(names, name)
		}
		values[name] = append(values[name], h.Value)
	}
	out := make([]attribute.KeyValue, len(names))
	for i, name := range names {
		out[i] = attribute.StringSlice("http.request.header."+name, values[name])
	}
	return out
}

// stacktrace returns the stack trace with those of the causes, as the language prints them:
// Python puts the cause first, others behind.
func stacktrace(x *periskop.Exception) string {
	if len(x.Stacktrace) > 0 && strings.HasPrefix(x.Stacktrace[0], "Traceback (") {
		return pythonStacktrace(x)
	}
	var b strings.Builder
	for ; x != nil && b.Len() <= maxStacktrace; x = x.Cause {
		b.WriteString(strings.Join(x.Stacktrace, "\n"))
		if x.Cause != nil {
			if len(x.Stacktrace) > 0 {
				b.WriteString("\n")
			}
			b.WriteString("Caused by: " + headline(x.Cause) + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// pythonStacktrace has the causes as far as they are not in the stack trace already, where Python's
// own traceback puts them.
func pythonStacktrace(x *periskop.Exception) string {
	const cause = "\n\nThe above exception was the direct cause of the following exception:\n\n"
	text := strings.Join(x.Stacktrace, "\n")
	if strings.Contains(text, strings.TrimSpace(cause)) {
		return text
	}
	for x = x.Cause; x != nil && len(text) <= maxStacktrace; x = x.Cause {
		before := strings.Join(x.Stacktrace, "\n")
		if before == "" {
			before = headline(x)
		}
		text = before + cause + text
	}
	return text
}

// cutMark ends a text that was cut.
const cutMark = " … [cut by periskop_exporter]"

// cut shortens text to at most that many bytes, between characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most - len(cutMark)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + cutMark
}
