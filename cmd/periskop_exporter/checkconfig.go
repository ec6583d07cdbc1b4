package main

import (
	"context"
	"fmt"

	"github.com/periskop-exporter/periskop_exporter/config"
)

func (c *commands) addCheckConfig() {
	var files []string
	cmd := c.add("check-config", "Check configuration files, and report every mistake.", func(context.Context) error {
		return c.checkConfig(files)
	})
	cmd.Arg("file", "The configuration files.").Required().StringsVar(&files)
}

func (c *commands) checkConfig(files []string) error {
	broken := 0
	for _, file := range files {
		cfg, err := config.Load(file)
		if err != nil {
			fmt.Fprintln(c.stderr, err)
			broken++
			continue
		}
		fmt.Fprintf(c.stdout, "%s is valid: %d services\n", file, len(cfg.Services))
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d configuration files are not valid", broken, len(files))
	}
	return nil
}
