package redact

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// personal are the kinds of personal data that are replaced when asked for.
var personal = map[string][]pattern{
	"email":       {{re: regexp.MustCompile(`[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}\b`), check: isMailAddress}},
	"card_number": {{re: regexp.MustCompile(`\b[3-6](?:\d{12,18}|\d{3}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}|\d{3}[ -]\d{6}[ -]\d{5})\b`), check: isCard}},
	"iban":        {{re: regexp.MustCompile(`\b[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)\b`), check: isIBAN}},
	"home_directory": {
		{re: regexp.MustCompile(`/(?:home|Users|export/home)/(?P<secret>[^/\s"':;,()<>]+)`), group: 1},
		{re: regexp.MustCompile(`[A-Za-z]:\\{1,2}(?:Users|Documents and Settings)\\{1,2}(?P<secret>[^\\/\r\n"':;,()<>|?*]+)`), group: 1},
	},
}

// PersonalData returns the kinds of personal data that [Options] can name, sorted.
func PersonalData() []string { return slices.Sorted(maps.Keys(personal)) }

// source are the endings of files that programs consist of.
var source = map[string]bool{"c": true, "cpp": true, "cs": true, "go": true, "java": true, "js": true, "kt": true, "php": true, "py": true, "rb": true, "rs": true, "scala": true, "ts": true}

// isMailAddress tells an address from an exception and where it was thrown: Error@Order.java:42.
func isMailAddress(s string) bool {
	_, host, _ := strings.Cut(s, "@")
	name, ending, _ := strings.Cut(host, ".")
	return !source[ending] || name == strings.ToLower(name)
}

// isCard tells the number of a payment card by its check digit, which is Luhn's.
func isCard(s string) bool {
	digits := strings.NewReplacer(" ", "", "-", "").Replace(s)
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return sum%10 == 0 && strings.Trim(digits, digits[:1]) != ""
}

// isIBAN tells the number of a bank account by its check digits: ISO 13616.
func isIBAN(s string) bool {
	s = strings.ReplaceAll(s, " ", "")
	if len(s) > 34 {
		return false
	}
	remainder := 0
	for _, c := range []byte(s[4:] + s[:4]) {
		if digit.has(c) {
			remainder = (remainder*10 + int(c-'0')) % 97
		} else {
			remainder = (remainder*100 + int(c-'A') + 10) % 97
		}
	}
	return remainder == 1
}
