package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/config"
)

// TestHostile reads files that are made to cost much or to break the parser.
func TestHostile(t *testing.T) {
	const base = "services: [{name: api, static_configs: [{targets: [api]}]}]\n"
	tests := map[string]struct{ text, want string }{
		"too large":               {strings.Repeat("# comment\n", 1<<20), "larger than"},
		"NUL":                     {base + "limits:\x00 {}\n", "config.yaml:2: has the invisible character U+0000"},
		"invalid UTF-8":           {base + "limits: \xff\n", "config.yaml:2: has a byte, 0xff"},
		"UTF-16":                  {"\xff\xfes\x00", "UTF-16"},
		"escape character":        {base + "\x1b[31m: x\n", "config.yaml:2: has the invisible character U+001B"},
		"deep flow":               {"services: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "nested more than"},
		"deep flow without end":   {strings.Repeat("[", 1<<20), "config.yaml:1: "},
		"deep braces without end": {strings.Repeat("{", 1<<20), "config.yaml:1: "},
		"deep block":              {deepBlock(300), "nested more than"},
		"deep dashes":             {strings.Repeat("- ", 1<<19), "config.yaml:1: "},
		"deep keys":               {strings.Repeat("? ", 1<<19), "config.yaml:1: "},
		"many keys":               {"limits: {" + manyKeys(20_000) + "}", "more than 10000 keys"},
		"many unknown keys":       {strings.ReplaceAll(manyKeys(5_000), ",", ""), "there may be more mistakes"},
		"alias bomb":              {aliasBomb("[", "]"), "more than 250000 values"},
		"alias bomb of mappings":  {aliasBomb("{x: ", "}"), ""},
		"alias of itself":         {"services: &a [*a]", "stands inside of what it stands for"},
		"merge of itself":         {"services: &a [{<<: *a}]", "stands inside of what it stands for"},
		"merge of a merge":        {"a: &a {<<: &b {<<: 1}}\n", "merges (<<) something"},
		"long key":                {strings.Repeat("k", 1000) + ": 1", "unknown key"},
		"long value":              {"services: [{name: " + strings.Repeat("n", 1<<20) + "}]", "longer than"},
		"huge number":             {base + "limits: {label_length: " + strings.Repeat("9", 1000) + "}", "not a whole number"},
		"huge duration":           {base + "retention: {series: 999999999y}", "not a duration"},
		"huge size":               {base + "limits: {payload_size: 99999999TB}", "too large"},
		"infinite number":         {base + "limits: {label_length: .inf}", "not a whole number"},
		"no number":               {base + "limits: {label_length: .nan}", "not a whole number"},
		"many quotes":             {strings.Repeat("\"\n", 1<<14), "config.yaml:"},
		"many open brackets":      {strings.Repeat("a: [\n", 1<<13), "config.yaml:"},
		"broken last line":        {strings.Repeat(base[:9]+"_: 1\n", 1<<11) + "a: 'b", "config.yaml:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("config.yaml", strings.NewReader(tt.text))
			if err == nil {
				t.Fatal("no mistake was found")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %.500v, want %q", err, tt.want)
			}
			for line := range strings.Lines(err.Error()) {
				if len(line) > 1000 {
					t.Errorf("a message of %d bytes", len(line))
				}
			}
		})
	}
}

func deepBlock(depth int) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "%sa:\n", strings.Repeat(" ", i))
	}
	return b.String()
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: 1,\n", i)
	}
	return b.String()
}

func aliasBomb(open, end string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "a0: &a0 %s1%s\n", open, end)
	for i := 1; i < 30; i++ {
		if open == "[" {
			fmt.Fprintf(&b, "a%d: &a%d [*a%d, *a%d]\n", i, i, i-1, i-1)
			continue
		}
		fmt.Fprintf(&b, "a%d: &a%d {<<: [*a%d, *a%d], k%d: 1}\n", i, i, i-1, i-1, i)
	}
	return b.String()
}
