package deploy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fromRoot returns the path of a file of the repository.
func fromRoot(name string) string { return filepath.Join("..", "..", filepath.FromSlash(name)) }

// version returns that of the tree.
func version(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(fromRoot("VERSION"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}
