package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUnreadLabels sets labels by the rules given. What nothing reads is told, and no more.
func TestUnreadLabels(t *testing.T) {
	const unread = "%s is set and never read; name it in group_by or occurrence_labels to have it on the exceptions, or set service_name to name the service of a target"
	for name, tc := range map[string]struct {
		rules, more string
		want        []string // paths and labels
	}{
		"a label that nothing reads": {
			rules: "[{source_labels: [__meta_app], target_label: app}]",
			want:  []string{`services[0].relabel_configs[0].target_label: "app"`},
		},
		"labels that steer": {
			rules: `[{target_label: __address__, replacement: a}, {target_label: __scheme__, replacement: https}, {target_label: __metrics_path__, replacement: /x},
				{target_label: __param_full, replacement: "1"}, {target_label: __scrape_interval__, replacement: 5s}, {target_label: __scrape_timeout__, replacement: 1s},
				{target_label: instance, replacement: a}, {target_label: job, replacement: a}, {target_label: service_name, replacement: a}]`,
		},
		"a name that looks as if it steers": {
			rules: "[{target_label: __service_name__, replacement: a}]",
			want:  []string{`services[0].relabel_configs[0].target_label: "__service_name__"`},
		},
		"a later rule reads it":             {rules: "[{target_label: __tmp, replacement: a}, {source_labels: [__address__, __tmp], regex: x, action: keep}]"},
		"an earlier rule reads it":          {rules: "[{source_labels: [app], regex: x, action: keep}, {target_label: app, replacement: a}]", want: []string{`services[0].relabel_configs[1].target_label: "app"`}},
		"labelmap reads it":                 {rules: "[{target_label: __x_app, replacement: a}, {regex: __x_(.+), replacement: __param_$1, action: labelmap}]"},
		"labelmap reads all":                {rules: "[{target_label: app, replacement: a}, {action: labelmap}]"},
		"labelmap reads another":            {rules: "[{target_label: app, replacement: a}, {regex: __x_(.+), action: labelmap}]", want: []string{`services[0].relabel_configs[0].target_label: "app"`}},
		"keepequal reads it":                {rules: "[{target_label: app, replacement: a}, {source_labels: [b], target_label: app, action: keepequal}]"},
		"keepequal sets nothing":            {rules: "[{source_labels: [b], target_label: app, action: dropequal}]"},
		"labeldrop does not read it":        {rules: "[{target_label: app, replacement: a}, {regex: app, action: labeldrop}]", want: []string{`services[0].relabel_configs[0].target_label: "app"`}},
		"hashmod and lowercase set":         {rules: "[{source_labels: [a], target_label: b, modulus: 4, action: hashmod}, {source_labels: [a], target_label: c, action: Lowercase}]", want: []string{`services[0].relabel_configs[0].target_label: "b"`, `services[0].relabel_configs[1].target_label: "c"`}},
		"a label whose name a match fills":  {rules: "[{source_labels: [a], target_label: x_$1, regex: (.*)}]"},
		"group_by of the service reads it":  {rules: "[{target_label: env, replacement: a}]", more: "    group_by: [env]\n"},
		"occurrence_labels read it":         {rules: "[{target_label: env, replacement: a}]", more: "    occurrence_labels: [env]\n"},
		"occurrence_labels of the file":     {rules: "[{target_label: env, replacement: a}]", more: "occurrence_labels: [env]\n"},
		"group_by of the file reads it":     {rules: "[{target_label: env, replacement: a}]", more: "group_by: [env]\n"},
		"group_by of the service overrides": {rules: "[{target_label: env, replacement: a}]", more: "    group_by: []\ngroup_by: [env]\n", want: []string{`services[0].relabel_configs[0].target_label: "env"`}},
		"no rules":                          {rules: "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			c := parse(t, "services:\n  - name: api\n    static_configs: [{targets: ['api:80']}]\n    relabel_configs: "+tc.rules+"\n"+tc.more)
			var got []string
			for _, w := range c.Warnings {
				label, _, ok := strings.Cut(w.Message, " ")
				if w.File != "config.yaml" || w.Line != 4 || !ok || w.Message != strings.Replace(unread, "%s", label, 1) {
					t.Errorf("got %+v", w)
				}
				got = append(got, w.Path+": "+label)
			}
			if diff := cmp.Diff(got, tc.want); diff != "" {
				t.Errorf("warnings (-got +want):\n%s", diff)
			}
		})
	}
}
