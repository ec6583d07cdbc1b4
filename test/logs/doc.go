// Package logs holds its tests: the exporter sends to real log stores, of which one or the other is
// killed or away, and each occurrence is found there once.
package logs
