package main

import "testing"

func TestServiceConfig(t *testing.T) {
	const text = "global:\n  scraper: {timeout: 5s}\nservices:\n  - name: shop\n    file_sd_configs:\n      - files: [a.yaml]\n" +
		"    scraper:\n      basic_auth: {username: x, password: <secret>}\n  - name: \"12\"\n    static_configs: [{targets: ['a:1']}]\n"
	for service, want := range map[string]string{
		"shop": "name: shop\nfile_sd_configs:\n  - files: [a.yaml]\nscraper:\n  basic_auth: {username: x, password: <secret>}\n",
		"12":   "name: \"12\"\nstatic_configs: [{targets: ['a:1']}]\n",
		"none": "",
		"":     "",
	} {
		if got := serviceConfig(text, service); got != want {
			t.Errorf("%q: got %q, want %q", service, got, want)
		}
	}
	if got := serviceConfig("{", "shop"); got != "" {
		t.Errorf("what is no YAML: got %q", got)
	}
}
