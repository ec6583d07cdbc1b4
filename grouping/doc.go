// Package grouping says under which key exceptions are counted that client libraries keep apart.
//
// In go the rules of a configuration; out comes, for each exception, the key that the first rule
// makes whose matchers fit it. A client that hashes the message into the aggregation key makes two
// keys of "user 17 not found" and "user 18 not found": a rule makes them one again.
package grouping
