// Package config turns the YAML file of the exporter into a validated Config with
// every default applied. A file of the Periskop server is valid as it stands.
//
// What goes in is a file, or a reader and the name to use in messages. What comes
// out is a Config in real types, or Errors: every mistake of the file at once, each
// with its line, the path of the key, and what to write instead.
//
// A file passes through four steps:
//
//   - syntax.go reads the text and says in plain words where it is not YAML;
//   - tree.go resolves aliases and merge keys, so that the rest sees a plain tree in
//     which every value knows its line and its path;
//   - check.go walks the tree and the Go types of the file side by side (raw.go holds
//     ours, Prometheus brings its own) and collects the mistakes;
//   - build.go, reached only without mistakes, decodes the types into a Config.
//
// The decoder's own messages are never shown: beside discovery blocks they print Go
// types instead of the key that is wrong.
package config
