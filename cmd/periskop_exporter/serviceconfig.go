package main

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// serviceConfig returns the block of a service in the text of a configuration, whose secrets
// are hidden; "" when it has none.
func serviceConfig(text, service string) string {
	var file struct {
		Services []yaml.Node `yaml:"services"`
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		return ""
	}
	for i := range file.Services {
		var block struct {
			Name string `yaml:"name"`
		}
		if err := file.Services[i].Decode(&block); err != nil || block.Name != service {
			continue
		}
		var b strings.Builder
		enc := yaml.NewEncoder(&b)
		enc.SetIndent(2)
		if err := enc.Encode(&file.Services[i]); err != nil {
			return ""
		}
		return b.String()
	}
	return ""
}
