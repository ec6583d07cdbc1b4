// Package npm tests the exporter with programs from the npm registry, as their users run
// them. `make npm` installs them below testdata.
package npm
