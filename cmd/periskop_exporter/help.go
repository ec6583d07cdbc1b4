package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/periskop-exporter/periskop_exporter/config"
)

// usageTemplate shows one subcommand, or without one those that there are and the flags
// of the default.
const usageTemplate = `
{{- define "Arguments"}}{{range .Args}} <{{.Name}}>{{if .Value|IsCumulative}}...{{end}}{{end}}{{end -}}

{{if .Context.SelectedCommand -}}
usage: {{.App.Name}} {{.Context.SelectedCommand}} [<flags>]{{template "Arguments" .Context.SelectedCommand}}

{{.Context.SelectedCommand.Help|Wrap 0}}
Flags:
{{.Context.Flags|FlagsToTwoColumns|FormatTwoColumns -}}
{{with .Context.Args}}
Arguments:
{{.|ArgsToTwoColumns|FormatTwoColumns}}{{end -}}
{{else -}}
usage: {{.App.Name}} [<command>] [<flags>]

{{.App.Help|Wrap 0}}
Commands; {{.App.Name}} <command> --help shows the flags of one:
{{.App.Commands|CommandsToTwoColumns|FormatTwoColumns}}
Flags of all commands:
{{.App.Flags|FlagsToTwoColumns|FormatTwoColumns -}}
{{range .App.Commands}}{{if .Default}}
Flags of {{.Name}}, which is what runs without a command:
{{.Flags|FlagsToTwoColumns|FormatTwoColumns}}{{end}}{{end -}}
{{end -}}
`

// usageFuncs are what usageTemplate has beside kingpin's own functions.
var usageFuncs = map[string]any{
	"CommandsToTwoColumns": func(commands []*kingpin.CmdModel) [][2]string {
		var rows [][2]string
		for _, c := range commands {
			name := c.Name
			for _, arg := range c.Args {
				name += " <" + arg.Name + ">"
			}
			rows = append(rows, [2]string{name, c.Help})
		}
		return rows
	},
}

// advise returns what is wrong with args, which kingpin refused with err, and what was
// probably meant.
func (c *commands) advise(args []string, err error) error {
	model := c.app.Model()
	command, named := commandOf(model, args)
	help := "see " + appName + " --help"
	if named {
		help = "see " + appName + " " + command.Name + " --help"
	}
	flags := append(model.Flags, command.Flags...)
	unknown := firstUnknown(flags, command, args)
	switch {
	case unknown == "":
		return fmt.Errorf("%s%w; %s", flagOf(flags, args, err), inWords(err), help)
	case strings.HasPrefix(unknown, "-"):
		return fmt.Errorf("%s has no flag %s; %s%s", command.Name, unknown, adviseFlag(model, command, unknown), help)
	case named:
		return fmt.Errorf("%s takes no argument, and was given %q; %s", command.Name, unknown, help)
	}
	var names []string
	for _, other := range model.Commands {
		names = append(names, other.Name)
	}
	if near := config.Nearest(unknown, names); near != "" {
		return fmt.Errorf("there is no command %q; did you mean %s? %s", unknown, near, help)
	}
	return fmt.Errorf("there is no command %q, only %s; %s", unknown, strings.Join(names, ", "), help)
}

// adviseFlag says which flag of command was probably meant with one that it lacks, or
// which command has it.
func adviseFlag(model *kingpin.ApplicationModel, command *kingpin.CmdModel, flag string) string {
	name := strings.TrimPrefix(flag, "--")
	var own, others []string
	for _, f := range append(model.Flags, command.Flags...) {
		own = append(own, f.Name)
	}
	for _, other := range model.Commands {
		if findFlag(other.Flags, name) != nil {
			others = append(others, other.Name)
		}
	}
	near := config.Nearest(name, own)
	switch {
	case len(others) > 0:
		return "it is one of " + strings.Join(others, " and ") + "; "
	case near != "":
		return "did you mean --" + near + "? "
	}
	return ""
}

// commandOf returns the command that args name, or else the default.
func commandOf(model *kingpin.ApplicationModel, args []string) (command *kingpin.CmdModel, named bool) {
	for _, other := range model.Commands {
		if slices.Contains(args, other.Name) {
			return other, true
		}
		if other.Default {
			command = other
		}
	}
	return command, false
}

// firstUnknown returns the first of args that command, with those flags, does not take,
// or "". A flag is returned without its value.
func firstUnknown(flags []*kingpin.FlagModel, command *kingpin.CmdModel, args []string) string {
	for i := 0; i < len(args); i++ {
		name, isLong := strings.CutPrefix(args[i], "--")
		name, _, hasValue := strings.Cut(name, "=")
		flag := findFlag(flags, name)
		switch {
		case isLong && flag == nil:
			return "--" + name
		case isLong && !hasValue && !flag.IsBoolFlag():
			i++ // its value
		case isLong, args[i] == command.Name, args[i] == "-h":
		case strings.HasPrefix(args[i], "-"), len(command.Args) == 0:
			return args[i]
		}
	}
	return ""
}

// flagOf returns the flag among args that refuses its value with err, and a colon: kingpin
// does not name it. It returns "" when err is about something else.
func flagOf(flags []*kingpin.FlagModel, args []string, err error) string {
	for i, arg := range args {
		name, value, hasValue := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		flag := findFlag(flags, name)
		if !strings.HasPrefix(arg, "--") || flag == nil {
			continue
		}
		if !hasValue && i+1 < len(args) {
			value = args[i+1]
		}
		if refused := flag.Value.Set(value); refused != nil && refused.Error() == err.Error() {
			return "--" + name + ": "
		}
	}
	return ""
}

// inWords says what kingpin says of numbers in the words of Go's library.
func inWords(err error) error {
	var number *strconv.NumError
	if !errors.As(err, &number) {
		return err
	}
	return fmt.Errorf("%q is not a whole number from 0 up, or too large", number.Num)
}

// findFlag returns the flag of that name, or nil.
func findFlag(flags []*kingpin.FlagModel, name string) *kingpin.FlagModel {
	for _, f := range flags {
		if f.Name == name || f.IsBoolFlag() && "no-"+f.Name == name {
			return f
		}
	}
	return nil
}
