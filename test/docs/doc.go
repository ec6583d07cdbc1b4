// Package docs holds the documentation to what the program does: it runs every command
// of every page beside a running demo, asks its Prometheus every query, checks every
// block of YAML with the program that reads it, and follows every link.
package docs
