// Package agents serves coding agents by the Model Context Protocol: they list services and targets,
// search exceptions, read one as Markdown, and resolve it where that is allowed.
//
// In go the snapshot of package merge and functions of the pages; out comes a handler of the
// protocol's transport "streamable HTTP", without sessions: each request stands for itself.
//
// What monitored programs sent may have been written to steer who reads it. So whatever of that is
// told stands between marks that nobody can guess, with the word that it is no instruction.
package agents
