package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/view"
)

// TestDemoLogsURL has the demo lead to VictoriaLogs as the documentation says.
func TestDemoLogsURL(t *testing.T) {
	page, err := os.ReadFile("../../docs/history.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := "\nhttps://logs.example.com" + vmuiTemplate + "\n"; !strings.Contains(string(page), want) {
		t.Errorf("docs/history.md has no%s", want)
	}
}

func TestLogsURL(t *testing.T) {
	link := view.LogsLink{ServiceName: `a b&c="d"/é`, ExceptionID: "00aa", Occurrence: "u", From: time.UnixMilli(1500), To: time.UnixMilli(90_000)}
	tests := []struct{ template, want string }{
		{"https://l/?q={{.ServiceName}}&id={{.ExceptionID}}&o={{.Occurrence}}&f={{.From}}&t={{.To}}", "https://l/?q=a%20b%26c%3D%22d%22%2F%C3%A9&id=00aa&o=u&f=1500&t=90000"},
		{"http://l/#/?t={{.To.RFC3339}}", "http://l/#/?t=1970-01-01T00%3A01%3A30Z"},
	}
	for _, tt := range tests {
		logs, err := parseLogsURL(tt.template)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&serveFlags{logs: logs}).logsURL()(link); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
	for template, want := range map[string]string{
		"https://l/{{.Foo}}":             "Foo",
		"https://l/{{.ServiceName":       "unclosed",
		"javascript:alert(1)":            "does not begin with a URL",
		"https://{{.ServiceName}}/":      "does not begin with a URL",
		"{{.ServiceName}}":               "does not begin with a URL",
		"https://me:secret@logs/":        "password",
		"/explore?id={{.ExceptionID}}":   "does not begin with a URL",
		"https://l/{{.From.Unknown}}":    "Unknown",
		"https://l/{{template \"x\" .}}": "x",
	} {
		if _, err := parseLogsURL(template); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--web.logs-url") {
			t.Errorf("%s: %v", template, err)
		}
	}
	if (&serveFlags{}).logsURL() != nil || (&serveFlags{}).tracesURL() != nil {
		t.Error("links without a template")
	}
	traces, err := parseTracesURL("https://t/trace/{{.TraceID}}?span={{.SpanID}}&s={{.ServiceName}}")
	if err != nil {
		t.Fatal(err)
	}
	if got := (&serveFlags{traces: traces}).tracesURL()(view.TraceLink{TraceID: "aa", SpanID: "bb", ServiceName: "s/1"}); got != "https://t/trace/aa?span=bb&s=s%2F1" {
		t.Error(got)
	}
}
