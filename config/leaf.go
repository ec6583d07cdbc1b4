package config

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"
	"gopkg.in/yaml.v3"
)

// scalar checks a single value of type t.
func (c *checker) scalar(n *node, t reflect.Type) {
	n.secret = t == reflect.TypeFor[commonconfig.Secret]()
	if !n.scalar() {
		c.wrongKind(n, "a single value", scalarAdvice(n))
		return
	}
	v := reflect.New(t)
	err := n.yaml.Decode(v.Interface())
	if err == nil {
		err = checkValue(n, v.Elem())
	} else if t.PkgPath() != reflect.TypeFor[Config]().PkgPath() {
		err = explainValue(n.yaml.Value, t, err)
		if plain := unquoted(n); plain.Decode(v.Interface()) == nil {
			err = notUnquoted(n.yaml.Value)
		}
	}
	if err != nil {
		c.add(n.line, n.path, "%s", err)
	}
}

// unquoted returns n as it were without quotes.
func unquoted(n *node) *yaml.Node {
	plain := *n.yaml
	if plain.Style != 0 {
		plain.Style, plain.Tag = 0, ""
	}
	return &plain
}

func notUnquoted(s string) error {
	return fmt.Errorf("%s is text because of its quotes; remove them", quote(s))
}

// checkValue finds fault with a value that could be decoded.
func checkValue(n *node, v reflect.Value) error {
	key := n.path[strings.LastIndexByte(n.path, '.')+1:]
	switch {
	case v.CanInt() && n.yaml.ShortTag() == "!!float":
		// The decoder would cut it off.
		return explainValue(n.yaml.Value, v.Type(), nil)
	case v.Kind() == reflect.Int && key == "port" && (v.Int() < 0 || v.Int() > 65535):
		return fmt.Errorf("%s is not a port; write a number from 1 to 65535", quote(n.yaml.Value))
	}
	switch value := v.Interface().(type) {
	case model.Duration:
		if value == 0 && key == "refresh_interval" {
			return fmt.Errorf("%s is not above zero; write for example 30s, 5m or 1h30m", quote(n.yaml.Value))
		}
	case commonconfig.URL:
		if n.yaml.Value == "" {
			return nil
		}
		return checkURL(n.yaml.Value, "http", "https", "socks5", "socks5h")
	}
	return nil
}

// explainValue says why s is no value of the foreign type t; err is the decoder's.
func explainValue(s string, t reflect.Type, err error) error {
	switch t {
	case reflect.TypeFor[model.Duration]():
		if d, err := time.ParseDuration(s); err == nil && d > 0 {
			return fmt.Errorf("%s is not how Prometheus writes a duration; write %s", quote(s), model.Duration(d))
		}
		return notDuration(s)
	case reflect.TypeFor[commonconfig.URL]():
		return checkURL(s, "http", "https")
	case reflect.TypeFor[relabel.Regexp]():
		return notRegexp(s, err)
	case reflect.TypeFor[relabel.Action]():
		return notAmong(strings.ToLower(s), relabelActions)
	case reflect.TypeFor[commonconfig.TLSVersion]():
		return notAmong(s, []string{"TLS10", "TLS11", "TLS12", "TLS13"})
	case reflect.TypeFor[model.LabelName]():
		return fmt.Errorf("%s is not a label name; write for example __meta_dns_name", quote(s))
	}
	if choices := roles[t.String()]; choices != nil {
		return notAmong(s, choices)
	}
	switch t.Kind() {
	case reflect.Bool:
		return fmt.Errorf("%s is neither true nor false; write one of them", quote(s))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return fmt.Errorf("%s is not a whole number; write for example 8080", quote(s))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fmt.Errorf("%s is not a whole number from 0 up; write for example 16", quote(s))
	case reflect.Float32, reflect.Float64:
		return fmt.Errorf("%s is not a number; write for example 0.5", quote(s))
	}
	return fmt.Errorf("%s is not a value that this key takes; see the documentation of Prometheus for those that it does", quote(s))
}

// checkURL reports what keeps s from being an absolute URL of one of the schemes. It
// shows s only when there is no password in it.
func checkURL(s string, schemes ...string) error {
	shown := quote(s)
	if strings.Contains(s, "@") {
		shown = "the value"
	}
	example := schemes[0] + "://host.example.org:8080"
	starts := make([]string, len(schemes))
	for i, scheme := range schemes {
		starts[i] = scheme + "://"
	}
	u, err := url.Parse(s)
	switch {
	case err == nil && slices.Contains(schemes, u.Scheme) && u.Hostname() != "":
		return nil
	case s == "":
		return fmt.Errorf("is empty; write for example %s", example)
	case strings.Contains(s, "://") && err == nil && !slices.Contains(schemes, u.Scheme):
		return fmt.Errorf("%s has a scheme that is not supported here; begin it with %s", shown, alternatives(starts))
	case strings.Contains(s, "://") && err == nil:
		return fmt.Errorf("%s has no host; write for example %s", shown, example)
	case strings.Contains(s, "://"):
		return fmt.Errorf("%s is not a URL; write for example %s", shown, example)
	}
	return fmt.Errorf("%s has no scheme; write for example %s", shown, example)
}

// patternAdvice is what to write instead of a broken regular expression.
var patternAdvice = map[syntax.ErrorCode]string{
	syntax.ErrMissingParen:          `close every ( with ), or write \( for the bracket itself`,
	syntax.ErrUnexpectedParen:       `open every ) with (, or write \) for the bracket itself`,
	syntax.ErrMissingBracket:        `close every [ with ], or write \[ for the bracket itself`,
	syntax.ErrMissingRepeatArgument: `write .* for any text, or \* for the character itself`,
	syntax.ErrInvalidRepeatOp:       `write one of *, + and ? after another only in brackets`,
	syntax.ErrInvalidRepeatSize:     `repeat at most 1000 times, as in a{1,1000}`,
	syntax.ErrInvalidPerlOp:         `there is no lookaround such as (?=…) and (?!…); write the pattern without`,
	syntax.ErrInvalidEscape:         `write \\ for a backslash itself`,
	syntax.ErrTrailingBackslash:     `write \\ for a backslash itself`,
	syntax.ErrInvalidCharRange:      `put the smaller character first, as in [a-z]`,
}

func notRegexp(s string, err error) error {
	// The regular expressions of relabelling have error types of their own, and may be
	// valid when they stand alone.
	if _, again := regexp.Compile(s); again != nil {
		err = again
	}
	var broken *syntax.Error
	if !errors.As(err, &broken) {
		return fmt.Errorf("%s is not a regular expression; see https://github.com/google/re2/wiki/Syntax", quote(s))
	}
	advice := patternAdvice[broken.Code]
	if advice == "" {
		advice = "see https://github.com/google/re2/wiki/Syntax"
	}
	return fmt.Errorf("%s is not a regular expression, %s; %s", quote(s), broken.Code, advice)
}
