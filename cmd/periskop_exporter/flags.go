package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"
)

const appName = "periskop_exporter"

// errDone is returned when the flags asked for help or the version, which are printed
// by then.
var errDone = errors.New("done")

// commands are the subcommands by name, as the command line knows them.
type commands struct {
	app    *kingpin.Application
	log    *promslog.Config
	byName map[string]func(context.Context) error
	// hangups are the SIGHUPs that the program gets.
	hangups        <-chan os.Signal
	stdin          io.Reader
	stdout, stderr io.Writer
}

func newCommands(stdin io.Reader, stdout, stderr io.Writer) *commands {
	c := &commands{
		app: kingpin.New(appName, "Exposes the exceptions of services that are instrumented with a Periskop client library as Prometheus metrics."),
		log: &promslog.Config{Writer: stderr}, byName: map[string]func(context.Context) error{},
		stdin: stdin, stdout: stdout, stderr: stderr,
	}
	c.app.UsageWriter(stdout).ErrorWriter(stderr)
	c.app.UsageTemplate(usageTemplate).UsageFuncs(usageFuncs).HelpFlag.Help("Show help; after a command, that of the command.").Short('h')
	c.app.Version(version.Print(appName))
	promslogflag.AddFlags(c.app, c.log)
	c.addServe()
	c.addCheckConfig()
	c.addCheckTarget()
	c.addCheckGrouping()
	c.addRules()
	c.addDashboards()
	c.addDemo()
	return c
}

// add makes a subcommand known.
func (c *commands) add(name, help string, run func(context.Context) error) *kingpin.CmdClause {
	c.byName[name] = run
	return c.app.Command(name, help)
}

// parse returns the subcommand that args ask for.
func (c *commands) parse(args []string) (func(context.Context) error, error) {
	done := false
	c.app.Terminate(func(int) { done = true })
	name, err := c.app.Parse(withStandardInput(args))
	switch {
	case done:
		return nil, errDone
	case err != nil:
		return nil, c.advise(args, err)
	}
	return c.byName[name], nil
}

// logger returns the logger that the flags describe. It is to be called after parse.
func (c *commands) logger() *slog.Logger { return promslog.New(c.log) }
