package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// The types of flags that kingpin lacks, or whose mistakes it does not explain.

// A duration is a flag in the format of Prometheus: 30s, 5m, 7d.
type duration time.Duration

// Set takes the value of the flag.
func (d *duration) Set(s string) error {
	v, err := model.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is not a duration; write for example 30s, 5m or 7d", s)
	}
	*d = duration(v)
	return nil
}

func (d *duration) String() string { return model.Duration(*d).String() }

// A decimal is a number.
type decimal float64

// Set takes the value of the flag.
func (d *decimal) Set(s string) error {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return fmt.Errorf("%q is not a number; write for example 0.5 or 10", s)
	}
	*d = decimal(v)
	return nil
}

func (d *decimal) String() string { return strconv.FormatFloat(float64(*d), 'f', -1, 64) }

// Pairs are flags of the form name=value. Kingpin's own want a map to be there already,
// and split at a colon as well, which a value may have.
type pairs map[string]string

// Set takes one pair.
func (p *pairs) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return fmt.Errorf("%q is not of the form <name>=<value>", s)
	}
	if *p == nil {
		*p = pairs{}
	}
	(*p)[name] = value
	return nil
}

func (p *pairs) String() string { return "" }

// IsCumulative tells kingpin that the flag is repeatable.
func (p *pairs) IsCumulative() bool { return true }

// Durations are flags of the form name=duration.
type durations map[string]time.Duration

// Set takes one pair.
func (d *durations) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return fmt.Errorf("%q is not of the form <alert>=<duration>", s)
	}
	var span duration
	if err := span.Set(value); err != nil {
		return err
	}
	if *d == nil {
		*d = durations{}
	}
	(*d)[name] = time.Duration(span)
	return nil
}

func (d *durations) String() string { return "" }

// IsCumulative tells kingpin that the flag is repeatable.
func (d *durations) IsCumulative() bool { return true }
