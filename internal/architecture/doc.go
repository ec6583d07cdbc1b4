// Package architecture holds the test that keeps the layout of this module: the
// table of who may import whom, and what every package must have. It has no other
// code. The table is in table_test.go and a new package must be placed in it.
package architecture
