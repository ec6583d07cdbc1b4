package redact

import (
	"encoding/base64"
	"strings"
)

// A shape is that of a token whose first letters say what it is.
type shape struct {
	prefix string
	// min is how many characters follow at least. It is less than the issuer writes
	// where tokens are often shown shortened.
	min int
}

// shapesOf returns those shapes that begin with two given letters.
func shapesOf(a, b byte) []shape {
	switch string([]byte{a, b}) {
	case "AI":
		return googleShapes[:1]
	case "GO":
		return googleShapes[1:2]
	case "ya":
		return googleShapes[2:]
	case "gh", "gi", "gl":
		return gitShapes
	case "sk", "rk", "wh":
		return keyShapes
	case "xo", "xa":
		return slackShapes
	case "SG", "dc", "do", "hf", "hv", "np", "py", "sh":
		return otherShapes
	}
	return nil
}

var (
	// API keys, client secrets and access tokens of Google.
	googleShapes = []shape{{"AIza", 35}, {"GOCSPX-", 20}, {"ya29.", 20}}
	// GitHub, GitLab and Grafana.
	gitShapes = []shape{
		{"ghp_", 20},
		{"gho_", 20},
		{"ghu_", 20},
		{"ghs_", 20},
		{"ghr_", 20},
		{"github_pat_", 20},
		{"glpat-", 16},
		{"glsa_", 20},
		{"glc_", 20},
	}
	// Stripe, OpenAI and others that say no more than that it is a secret key.
	keyShapes = []shape{
		{"sk_live_", 10}, {"sk_test_", 10}, {"rk_live_", 10}, {"rk_test_", 10}, {"whsec_", 20}, {"sk-", 20},
	}
	slackShapes = []shape{
		{"xoxa-", 10}, {"xoxb-", 10}, {"xoxe-", 10}, {"xoxo-", 10}, {"xoxp-", 10}, {"xoxr-", 10}, {"xoxs-", 10}, {"xapp-", 10},
	}
	// DigitalOcean, Docker, Hugging Face, npm, PyPI, SendGrid, Shopify and Vault.
	otherShapes = []shape{
		{"dop_v1_", 32},
		{"dckr_pat_", 16},
		{"hf_", 30},
		{"npm_", 30},
		{"pypi-", 40},
		{"SG.", 30},
		{"shpat_", 20},
		{"shpss_", 20},
		{"hvs.", 20},
		{"hvb.", 20},
	}
)

// slackWebhook is the address of a webhook; who knows what follows can post.
const slackWebhook = "hooks.slack.com/services/"

// findCredential returns the secret that the word at i begins, if it begins one.
func findCredential(s string, i int) (lo, hi int) {
	if i+1 == len(s) {
		return i, i
	}
	switch s[i] {
	case 'e':
		if s[i+1] == 'y' {
			return i, i + jwtLen(s[i:])
		}
	case 'A':
		if n := awsKeyLen(s[i:]); n > 0 {
			return i, i + n
		}
	case 'B', 'b':
		if s[i+1]|0x20 == 'a' || s[i+1]|0x20 == 'e' {
			return authScheme(s, i)
		}
	case 'h':
		if strings.HasPrefix(s[i:], slackWebhook) {
			lo = i + len(slackWebhook)
			return lo, slackWebhookEnd(s, lo)
		}
	}
	for _, p := range shapesOf(s[i], s[i+1]) {
		if strings.HasPrefix(s[i:], p.prefix) {
			return i, i + p.length(s[i:])
		}
	}
	return i, i
}

// length returns the length of the token that s begins with, given that its first
// letters are those.
func (p shape) length(s string) int {
	start := len(p.prefix)
	end := start
	for end < len(s) && (urlSafe.has(s[end]) || s[end] == '.') {
		end++
	}
	for end > start && s[end-1] == '.' {
		end-- // of the sentence
	}
	if end-start < p.min || !strings.ContainsAny(s[start:end], "0123456789") {
		return 0
	}
	return end
}

func slackWebhookEnd(s string, i int) int {
	for i < len(s) && (urlSafe.has(s[i]) || s[i] == '/') {
		i++
	}
	return i
}

// jwtLen returns the length of the JSON Web Token that s begins with: two to five
// parts in base64url, of which the first decodes to a JSON object.
func jwtLen(s string) int {
	const minHeader, minPayload = 12, 4
	if !strings.HasPrefix(s, "eyJ") {
		return 0
	}
	end := runEnd(s, 0, urlSafe)
	if end < minHeader || end == len(s) || s[end] != '.' {
		return 0
	}
	first := end
	for parts := 1; parts < 5 && end < len(s) && s[end] == '.'; parts++ {
		end = runEnd(s, end+1, urlSafe)
	}
	for s[end-1] == '.' {
		end-- // of the sentence
	}
	if end-first-1 < minPayload {
		return 0
	}
	return end
}

// awsKeyLen returns the length of the AWS access key id that s begins with.
func awsKeyLen(s string) int {
	const length = 20
	if len(s) < length || len(s) > length && (isAlnum(s[length]) || s[length] == '_') {
		return 0
	}
	switch s[:4] {
	case "AKIA", "ASIA", "ABIA", "ACCA":
	default:
		return 0
	}
	for i := 4; i < length; i++ {
		if !isUpper(s[i]) && !isDigit(s[i]) {
			return 0
		}
	}
	return length
}

// authScheme returns the credential behind "Bearer" or "Basic".
func authScheme(s string, i int) (lo, hi int) {
	var scheme string
	switch {
	case hasPrefixFold(s[i:], "bearer "):
		scheme = s[i : i+len("bearer")]
	case hasPrefixFold(s[i:], "basic "):
		scheme = s[i : i+len("basic")]
	default:
		return i, i
	}
	lo = skipBlanks(s, i+len(scheme))
	hi = runEnd(s, lo, token68)
	for hi > lo && s[hi-1] == '.' {
		hi--
	}
	text := s[lo:hi]
	padded := strings.TrimRight(text, "=")
	if strings.IndexByte(padded, '=') >= 0 || padded != text && hi < len(s) && isQuote(s[hi]) {
		return i, i // a challenge: Bearer realm="x"
	}
	if scheme[len(scheme)-1]|0x20 == 'c' && !isBasic(text) || scheme[len(scheme)-1]|0x20 == 'r' && !isBearer(text, scheme) {
		return i, i
	}
	return lo, hi
}

// isBearer tells a token from the next word of a sentence. Tokens in tests and
// examples are often words; those count behind the scheme as it is spelt in headers.
func isBearer(text, scheme string) bool {
	return looksSecret(text) || scheme == "Bearer" && len(text) > 3 && !isCommonWord(text)
}

// isBasic tells "user:password" in base64 from the next word of a sentence.
func isBasic(text string) bool {
	const enough = 64 // characters to look for the colon in, a multiple of 4
	if len(text) >= 6 && looksSecret(text) {
		return true
	}
	text = strings.TrimRight(text, "=")
	decoded, err := base64.RawStdEncoding.DecodeString(text[:min(len(text), enough)])
	return err == nil && strings.IndexByte(string(decoded), ':') > 0
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// pemBegin opens a block of PEM, RFC 7468.
const pemBegin = "-----BEGIN "

// privateKeyLen returns the length of the block that s begins with if it is a private
// key. One that was cut off takes all that follows.
func privateKeyLen(s string) int {
	const longestLabel = 64
	start := len(pemBegin)
	n := strings.Index(s[start:min(start+longestLabel, len(s))], "-----")
	if n < 0 || !strings.Contains(s[start:start+n], "PRIVATE KEY") {
		return 0
	}
	end := "-----END " + s[start:start+n] + "-----"
	if i := strings.Index(s[start+n:], end); i >= 0 {
		return start + n + i + len(end)
	}
	return len(s)
}
