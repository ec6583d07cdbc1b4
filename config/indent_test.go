package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/config"
)

// indented has what people write in every form that indentation touches.
const indented = `# shop
global:
  external_labels: {region: "eu", zone: 'a'}
services:
  - name: api
    static_configs: &static
      - targets: ["a:80", 'b:80',
          "c:80"]
        labels: {env: prod}

    # What is scraped.
    relabel_configs:
      - source_labels: [__address__, job]
        regex: (.*):80
        target_label: __address__
        replacement: "$1:81"
      - {source_labels: [job], regex: "a|b", action: keep}
    group_by:
      - env
      - "zone"
    scraper: {timeout: 5s, params: {a: [b]}}
  - name: cart
    dns_sd_configs:
    - names:
      - a.b.c
      type: SRV
    scraper:
      basic_auth:
        username: shop
        password: >-
          secret
      tls_config:
        ca: |
          PEM
  - {name: flow, static_configs: [{targets: [x]}]}
  - name: alias
    static_configs: *static
limits:
  keys_per_service: 5
`

// TestWrongIndentation moves each line of a valid file, and each with what is below it,
// to the left and to the right: if the file is not valid then, the message speaks of
// indentation, or names a key that stands in the wrong place.
func TestWrongIndentation(t *testing.T) {
	reference, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{indented, string(reference)} {
		if _, err := config.Parse("config.yaml", strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
		for at := range lines {
			for _, by := range []int{-4, -3, -2, -1, 1, 2, 3, 4} {
				moveLine(t, lines, at, by)
			}
		}
	}
}

func moveLine(t *testing.T, lines []string, at, by int) {
	t.Helper()
	text := strings.TrimLeft(lines[at], " ")
	spaces := len(lines[at]) - len(text) + by
	if spaces < 0 || text == "" || text[0] == '#' {
		return
	}
	moved := append([]string{}, lines...)
	moved[at] = strings.Repeat(" ", spaces) + text
	_, err := config.Parse("config.yaml", strings.NewReader(strings.Join(moved, "\n")))
	var found config.Errors
	if !errors.As(err, &found) {
		return
	}
	for _, e := range found {
		if e.Path == "" && !strings.Contains(e.Message, "indent") {
			t.Errorf("line %d %+d, %q: %s", at+1, by, moved[at], e)
		}
		if e.Path == "" && e.Line < at { // the line itself, the one before, or one that follows
			t.Errorf("line %d %+d, %q: the mistake is said to be in line %d", at+1, by, moved[at], e.Line)
		}
	}
}
