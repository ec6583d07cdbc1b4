package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestScriptsUseEveryFlag fails for a flag that no script gives to its command: a flag
// that nobody ever typed may well panic.
func TestScriptsUseEveryFlag(t *testing.T) {
	t.Parallel()
	model := newCommands(strings.NewReader(""), io.Discard, io.Discard).app.Model()
	used := map[string]bool{} // as "rules --label"
	for _, args := range scriptedArguments(t) {
		command, _ := commandOf(model, args)
		flags := append(model.Flags, command.Flags...)
		for _, arg := range args {
			name, _, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
			if flag := findFlag(flags, name); strings.HasPrefix(arg, "--") && flag != nil {
				used[command.Name+" --"+flag.Name] = true
				used["--"+flag.Name] = true
			}
		}
	}
	for _, flag := range model.Flags {
		if !flag.Hidden && !used["--"+flag.Name] {
			t.Errorf("no script uses --%s", flag.Name)
		}
	}
	for _, command := range model.Commands {
		for _, flag := range command.Flags {
			if name := command.Name + " --" + flag.Name; !flag.Hidden && !used[name] {
				t.Errorf("no script uses %s", name)
			}
		}
	}
}

// scriptedArguments returns what the scripts pass to the program.
func scriptedArguments(t *testing.T) [][]string {
	t.Helper()
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var out [][]string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(strings.TrimPrefix(line, "! "))
			if len(words) > 1 && words[0] == "exec" && words[1] == appName {
				out = append(out, words[2:])
			}
		}
	}
	return out
}
