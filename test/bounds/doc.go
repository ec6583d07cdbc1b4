// Package bounds attacks the built program from outside, as hostile targets, clients and
// readers can, and holds its memory against what is promised, while a sound target goes on
// being scraped and the metrics go on being answered.
package bounds
