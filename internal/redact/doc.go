// Package redact replaces secrets in exceptions and in the requests during which
// they were raised, before they are stored or shown.
//
// In goes a [periskop.Occurrence], out comes the same with [Placeholder] in place of
//
//   - values of headers, query parameters, form fields, and JSON and XML members
//     whose names say that they are secret, in any spelling: access_token,
//     accessToken, user[password], HTTP_X_API_KEY,
//   - passwords in URLs,
//   - the same in messages, classes and stack traces, as far as the text around
//     them does not show that it is a sentence or a line of code,
//   - credentials that need no name: Bearer and Basic, JSON Web Tokens, private keys,
//     and the tokens of a number of services,
//   - and what the user's own names and patterns match.
//
// All else stays as it was, byte for byte. Text in no known format, cut off or with
// errors in it, is searched as far as it can be understood; where the end of a
// secret is in doubt, rather too much is replaced than too little. A secret that
// nothing announces is not found.
//
// What is looked at is counted, and bounded by the length of the text: see finder.go. A
// text that was made to be looked at again and again is replaced from where that shows.
//
// The parts are: names.go with names.txt, which decide what a name says; walk.go with
// assign.go, value.go and prose.go, which look for names and values in text of any format;
// json.go, url.go, key.go and markup.go, which know where values end in formats of their
// own; rules.go with rules.txt for what needs no name, personal.go for personal data;
// encoding.go for texts within texts; and hide.go for texts of this program's own.
package redact
