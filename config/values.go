package config

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
)

// The types of single values in the file. The errors of their UnmarshalYAML are the
// messages that users read.

// A duration is positive, and written as Prometheus or as Go writes it.
type duration time.Duration

func (d *duration) UnmarshalYAML(n *yaml.Node) error {
	parsed, err := parseDuration(n.Value)
	if err != nil {
		return err
	}
	if parsed <= 0 {
		return fmt.Errorf("%s is not above zero; write for example 30s, 5m or 1h30m", quote(n.Value))
	}
	*d = duration(parsed)
	return nil
}

// A lag is a duration that can be zero.
type lag time.Duration

func (l *lag) UnmarshalYAML(n *yaml.Node) error {
	parsed, err := parseDuration(n.Value)
	if err != nil {
		return err
	}
	if parsed < 0 {
		return fmt.Errorf("%s is below zero; write for example 0s, 30s or 15m", quote(n.Value))
	}
	*l = lag(parsed)
	return nil
}

func parseDuration(s string) (time.Duration, error) {
	if d, err := model.ParseDuration(s); err == nil {
		return time.Duration(d), nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil
	}
	return 0, notDuration(s)
}

func notDuration(s string) error {
	if _, err := strconv.ParseFloat(s, 64); err == nil && !strings.ContainsAny(s, "iInN") {
		return fmt.Errorf("%s has no unit; write %ss for seconds, or another of ms, s, m, h, d, w and y", quote(s), s)
	}
	return fmt.Errorf("%s is not a duration; write for example 30s, 5m or 1h30m", quote(s))
}

// A byteSize is a number of bytes; 0 stands for the default.
type byteSize int64

var sizeText = regexp.MustCompile(`^([0-9]{1,15})(?:\.([0-9]{1,3}))?\s*([A-Za-z]*)$`)

// sizeUnits are powers of 1024 with and without an i, as in Prometheus.
var sizeUnits = map[string]int64{
	"B": 1, "KB": 1 << 10, "KiB": 1 << 10, "MB": 1 << 20, "MiB": 1 << 20, "GB": 1 << 30, "GiB": 1 << 30, "TB": 1 << 40, "TiB": 1 << 40,
}

func (b *byteSize) UnmarshalYAML(n *yaml.Node) error {
	const write = "write for example 512KB, 64MB or 1GB"
	if strings.HasPrefix(n.Value, "-") {
		return fmt.Errorf("%s is below zero; %s", quote(n.Value), write)
	}
	m := sizeText.FindStringSubmatch(n.Value)
	if m == nil {
		return fmt.Errorf("%s is not a size; %s", quote(n.Value), write)
	}
	value, _ := strconv.ParseFloat(m[1]+"."+m[2]+"0", 64)
	unit, ok := sizeUnits[m[3]]
	switch {
	case value == 0 && m[3] == "":
		unit = 1
	case m[3] == "":
		return fmt.Errorf("%s has no unit; write %sB for bytes, or another of KB, MB and GB", quote(n.Value), n.Value)
	case !ok:
		return fmt.Errorf("%s has a unit that does not exist; %s", quote(n.Value), write)
	}
	if value*float64(unit) > math.MaxInt64/2 {
		return fmt.Errorf("%s is too large; %s", quote(n.Value), write)
	}
	*b = byteSize(value * float64(unit))
	return nil
}

// A count is a whole number above zero.
type count int

func (c *count) UnmarshalYAML(n *yaml.Node) error {
	if _, err := strconv.Atoi(n.Value); err == nil && n.ShortTag() == "!!str" {
		return notUnquoted(n.Value)
	}
	var v int64
	if n.ShortTag() != "!!int" || n.Decode(&v) != nil || v > math.MaxInt32 {
		return fmt.Errorf("%s is not a whole number; write for example 10 or 2000", quote(n.Value))
	}
	if v < 1 {
		return fmt.Errorf("%s is not above zero; a limit has to leave something, write 1 or more", quote(n.Value))
	}
	*c = count(v)
	return nil
}

// An endpoint is a path with an optional query, as a Periskop server appends it to an
// address.
type endpoint string

func (e *endpoint) UnmarshalYAML(n *yaml.Node) error {
	shown := quote(redact.Hide(n.Value))
	switch u, err := url.Parse(n.Value); {
	case strings.Contains(n.Value, "://"):
		return errors.New("is a whole URL; write only the path, as /-/exceptions: discovery finds the host, and scheme is a key of its own")
	case n.Value == "":
		return errors.New("is empty; write for example /-/exceptions, or remove it")
	case !strings.HasPrefix(n.Value, "/"):
		return fmt.Errorf("%s does not begin with a slash; write %s", shown, quote("/"+redact.Hide(n.Value)))
	case err != nil:
		return fmt.Errorf("%s is not a path; write for example /-/exceptions", shown)
	case u.Fragment != "" || u.Host != "":
		return fmt.Errorf("%s is more than a path; write for example /-/exceptions", shown)
	}
	*e = endpoint(n.Value)
	return nil
}

// A webURL is an absolute URL of a page.
type webURL string

func (u *webURL) UnmarshalYAML(n *yaml.Node) error {
	if err := checkURL(n.Value, "http", "https"); n.Value != "" && err != nil {
		return err
	}
	*u = webURL(n.Value)
	return nil
}

// split returns the path and the query.
func (e endpoint) split() (path string, query url.Values) {
	u, err := url.Parse(string(e))
	if err != nil {
		return string(e), nil
	}
	return u.Path, u.Query()
}

type scheme string

func (s *scheme) UnmarshalYAML(n *yaml.Node) error {
	return choose((*string)(s), n, "http", "https")
}

type apiVersion string

func (v *apiVersion) UnmarshalYAML(n *yaml.Node) error {
	return choose((*string)(v), n, "v2")
}

type repositoryType string

func (t *repositoryType) UnmarshalYAML(n *yaml.Node) error {
	return choose((*string)(t), n, "memory", "sqlite", "mysql", "postgres")
}

// choose sets s to the value of n, which has to be one of choices.
func choose(s *string, n *yaml.Node, choices ...string) error {
	if !slices.Contains(choices, n.Value) {
		return notAmong(n.Value, choices)
	}
	*s = n.Value
	return nil
}

func notAmong(s string, choices []string) error {
	if len(choices) == 1 {
		return fmt.Errorf("%s is not supported; write %s", quote(s), choices[0])
	}
	if near := nearest(s, choices); near != "" {
		return fmt.Errorf("%s is not known; did you mean %s?", quote(s), near)
	}
	return fmt.Errorf("%s is not known; write %s", quote(s), alternatives(choices))
}

// alternatives returns "a, b or c".
func alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// A serviceName is a label value and part of URLs.
type serviceName string

func (s *serviceName) UnmarshalYAML(n *yaml.Node) error {
	if n.Value != "" { // The service reports an empty one.
		if err := CheckServiceName(n.Value); err != nil {
			return err
		}
	}
	*s = serviceName(n.Value)
	return nil
}

// CheckServiceName says what is wrong with the name of a service, whether the file has
// it or a label of a target. It returns nil when nothing is.
func CheckServiceName(name string) error {
	const longest = 200 // well below what file systems and URLs take
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("is empty; write the name of the service")
	case !utf8.ValidString(name):
		return fmt.Errorf("%s is not UTF-8; write a name that is", quote(name))
	case strings.ContainsFunc(name, isUnprintable):
		return fmt.Errorf("%s has a line break, a tab or another control character in it; write a name of one line", quote(name))
	case name != strings.TrimSpace(name):
		return fmt.Errorf("%s has a space at its beginning or end; remove it", quote(name))
	case len(name) > longest:
		return fmt.Errorf("%s is longer than %d bytes; write a shorter name", quote(name), longest)
	}
	// Browsers and proxies take these out of addresses, however they are encoded.
	for part := range strings.SplitSeq(name, "/") {
		if part == "." || part == ".." {
			return fmt.Errorf("%s cannot stand in an address; write a name that is not . or .., and has no such part between slashes", quote(name))
		}
	}
	return nil
}

// isUnprintable reports whether r is a control character or ends a line.
func isUnprintable(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) }

// A labelName is one that the file makes, and so it is of the form that needs no
// quotes in PromQL.
type labelName string

func (l *labelName) UnmarshalYAML(n *yaml.Node) error {
	if err := checkLabelName(n.Value); err != nil {
		return err
	}
	*l = labelName(n.Value)
	return nil
}

func checkLabelName(s string) error {
	if model.LegacyValidation.IsValidLabelName(s) {
		return nil
	}
	return fmt.Errorf("%s is not a label name; write letters, digits and underscores, beginning with no digit", quote(s))
}

// A codePrefix is the beginning of a package, a module or a path.
type codePrefix string

func (p *codePrefix) UnmarshalYAML(n *yaml.Node) error {
	if strings.TrimSpace(n.Value) != n.Value || n.Value == "" {
		return fmt.Errorf("%s is empty or has spaces at its ends; write for example com.example. or /app/", quote(n.Value))
	}
	*p = codePrefix(n.Value)
	return nil
}

// A groupLabel is a label that merged exceptions can have beside the exporter's own.
type groupLabel string

// ownLabels are those that exceptions have without group_by.
var ownLabels = []string{"service_name", "aggregation_key", "exception_id", "severity", "class"}

func (l *groupLabel) UnmarshalYAML(n *yaml.Node) error {
	switch err := checkLabelName(n.Value); {
	case err != nil:
		return err
	case slices.Contains(ownLabels, n.Value):
		return fmt.Errorf("%s is a label that exceptions have already; write the name of a label of the targets", quote(n.Value))
	case strings.HasPrefix(n.Value, "__"):
		return fmt.Errorf("%s begins with __, and such labels end with relabelling; copy it to another label in relabel_configs and write that one", quote(n.Value))
	}
	*l = groupLabel(n.Value)
	return nil
}

type headerName string

// headerText is a token: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2.
var headerText = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func (h *headerName) UnmarshalYAML(n *yaml.Node) error {
	if !headerText.MatchString(n.Value) {
		return fmt.Errorf("%s is not the name of a header; write for example X-Session-Id", quote(n.Value))
	}
	*h = headerName(n.Value)
	return nil
}

type memberName string

func (m *memberName) UnmarshalYAML(n *yaml.Node) error {
	if strings.TrimSpace(n.Value) == "" {
		return errors.New("is empty; write the name of a query parameter, or of a JSON or form member")
	}
	*m = memberName(n.Value)
	return nil
}

type personalData string

func (p *personalData) UnmarshalYAML(n *yaml.Node) error {
	if known := redact.PersonalData(); !slices.Contains(known, n.Value) {
		return fmt.Errorf("%s is no kind of personal data that can be replaced; write %s, or a pattern of your own in patterns", quote(n.Value), strings.Join(known, ", "))
	}
	*p = personalData(n.Value)
	return nil
}

type pattern struct{ *regexp.Regexp }

func (p *pattern) UnmarshalYAML(n *yaml.Node) error {
	re, err := regexp.Compile(n.Value)
	switch {
	case err != nil:
		return notRegexp(n.Value, err)
	case re.MatchString(""):
		return fmt.Errorf("%s matches the empty text too, so it would replace between all letters; write a pattern that needs at least one character", quote(n.Value))
	}
	p.Regexp = re
	return nil
}
