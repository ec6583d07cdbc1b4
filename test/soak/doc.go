// Package soak keeps the built exporter busy with everything at once, for as long as it is told
// to, and holds what it takes in the end against what it took in the beginning. It is behind the
// build tag e2e.
package soak
