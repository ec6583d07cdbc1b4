// Package limit bounds what is under way at once: requests that are answered, bytes that
// are held for them, and the time for which somebody who does not read, or does not send,
// keeps what others wait for.
//
// In go handlers and how much they may take; out come handlers.
package limit
