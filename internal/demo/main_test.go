package demo

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets the test binary stand in for the programs.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(standIn(role, os.Args[1:]))
	}
	goleak.VerifyTestMain(m)
}
