package main

import (
	"runtime/debug"
	"testing"
)

func TestGarbagePercent(t *testing.T) {
	for _, c := range []struct {
		held uint64
		want int
	}{
		{0, 100}, {30 << 20, 100}, {64 << 20, 100}, {80 << 20, 80}, {200 << 20, 30}, {1 << 30, 25}, {1 << 50, 25},
	} {
		if got := garbagePercent(c.held); got != c.want {
			t.Errorf("%d MB held: got %d %%, want %d", c.held>>20, got, c.want)
		}
	}
}

func TestGarbageLimit(t *testing.T) {
	before := debug.SetGCPercent(77)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	t.Setenv("GOGC", "")
	var g garbageLimit
	g.adjust()
	if got := debug.SetGCPercent(77); got == 77 {
		t.Error("the limit is not set")
	}
	t.Setenv("GOGC", "200")
	g = garbageLimit{}
	g.adjust()
	if got := debug.SetGCPercent(77); got != 77 {
		t.Errorf("got %d %%, although GOGC is set", got)
	}
}
