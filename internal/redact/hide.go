package redact

import (
	"cmp"
	"regexp"
	"strings"
)

// Hidden stands for a secret of the program's own settings, as in Prometheus.
const Hidden = "<secret>"

var (
	own = New(Options{})

	// A quoted URL ends at its quotation mark, whatever is in it: a password may hold
	// blanks.
	ownURL = regexp.MustCompile(`"[A-Za-z][A-Za-z0-9+.-]*://[^"]*"|[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`)
	// ownAccount is what stands in front of a host without a scheme, as in an address.
	// An e-mail address has no port.
	ownAccount = regexp.MustCompile(`(^|[\s"'=(])(?:[^\s"'/:@=(]*:[^\s"'/@]*@|[^\s"'/:@=(]+(@[\w.-]+:\d|@\[))`)
	// ownPath is an address without scheme and host.
	ownPath  = regexp.MustCompile(`(?:^|[\s"'])/[^\s"'<>?]*\?[^\s"'<>]+`)
	ownValue = regexp.MustCompile(`((?:[?&;]|%3[Ff]|%26)[^=&;#"]*=)[^&;#"]+`)
)

// Hide returns a text of the program's own as it may be shown and logged: a URL, a
// setting, an error message. Of URLs it hides user and password, and whatever the
// parameters of the query are; of the rest, what a [Redactor] finds.
func Hide(text string) string {
	if strings.Contains(text, "://") {
		text = ownURL.ReplaceAllStringFunc(text, hideURL)
	}
	if strings.IndexByte(text, '@') >= 0 {
		text = ownAccount.ReplaceAllStringFunc(text, hideAccount)
	}
	if strings.IndexByte(text, '?') >= 0 {
		text = ownPath.ReplaceAllStringFunc(text, func(path string) string { return ownValue.ReplaceAllString(path, "${1}"+Hidden) })
	}
	return strings.ReplaceAll(own.Text(text), Placeholder, Hidden)
}

func hideAccount(text string) string {
	m := ownAccount.FindStringSubmatch(text)
	return m[1] + Hidden + cmp.Or(m[2], "@")
}

func hideURL(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	end := until(rest, 0, "/?#")
	if at := strings.LastIndexByte(rest[:end], '@'); at >= 0 {
		rest = Hidden + rest[at:]
	}
	return scheme + "://" + ownValue.ReplaceAllString(rest, "${1}"+Hidden)
}

// HideValue returns the value of a setting, such as a label or parameter, as it may be
// shown: nothing of it if its name is that of a secret, or of a parameter of a scrape.
func HideValue(name, value string) string {
	if value == "" {
		return value
	}
	level := meaningOf(name).level
	if strings.HasPrefix(name, "__param_") || level > weak && !is(value, nothing) || level == weak && looksSecret(value) {
		return Hidden
	}
	return Hide(value)
}

// IsSecretName tells whether a setting of that name is a secret.
func IsSecretName(name string) bool { return meaningOf(name).level != open }
