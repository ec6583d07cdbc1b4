// Package triage has the words for what people decide about exceptions, and for what becomes of
// that: resolved, reopened, muted, noted, come back.
//
// It is pure: package merge applies decisions and keeps them, store makes them durable, view and
// api let people make them.
package triage
