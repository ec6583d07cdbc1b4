package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/periskop-exporter/periskop_exporter/config"
)

const checkConfigName = "check-config"

// standardInput is the file that a dash stands for.
const standardInput = "/dev/stdin"

// withStandardInput returns the arguments of check-config with each dash written out:
// kingpin makes an empty argument of it.
func withStandardInput(args []string) []string {
	args = slices.Clone(args)
	if slices.Contains(args, checkConfigName) {
		for i, arg := range args {
			if arg == "-" {
				args[i] = standardInput
			}
		}
	}
	return args
}

func (c *commands) addCheckConfig() {
	var (
		files  []string
		strict bool
	)
	cmd := c.add(checkConfigName, "Check configuration files, and report every mistake.", func(context.Context) error {
		return c.checkConfig(files, strict)
	})
	cmd.Flag("strict", "Fail on warnings as well, such as of a file that does not exist.").BoolVar(&strict)
	cmd.Arg("file", "The configuration files; - reads one from standard input.").Required().StringsVar(&files)
}

func (c *commands) checkConfig(files []string, strict bool) error {
	broken := 0
	for _, file := range files {
		name, cfg, err := c.loadConfig(file)
		switch {
		case err != nil:
			fmt.Fprintln(c.stderr, err)
			broken++
			continue
		case len(cfg.Warnings) > 0:
			fmt.Fprintln(c.stderr, cfg.Warnings)
			if strict {
				broken++
				continue
			}
		}
		fmt.Fprintf(c.stdout, "%s is valid: %s\n", name, plural(len(cfg.Services), "service"))
	}
	if broken > 0 {
		return fmt.Errorf("not valid: %d of %s", broken, plural(len(files), "configuration file"))
	}
	return nil
}

// loadConfig reads a file, or standard input, and returns what that is called in messages.
// Paths of files in standard input are relative to the working directory.
func (c *commands) loadConfig(file string) (name string, cfg *config.Config, err error) {
	if file != standardInput {
		cfg, err = config.Load(file)
		return file, cfg, err
	}
	name = "standard input"
	cfg, err = config.LoadFrom(name, c.stdin, ".")
	return name, cfg, err
}

// plural returns "1 thing" or "2 things".
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
