//go:build e2e

package fidelity_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A series is one element of the result of a query: of an instant vector it has one
// sample.
type series struct {
	labels  map[string]string
	samples []sample
}

// query evaluates an expression at that time, or now when it is zero.
func query(ctx context.Context, prometheus *process.Program, expr string, at time.Time) ([]series, error) {
	form := url.Values{"query": {expr}}
	if !at.IsZero() {
		form.Set("time", strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64))
	}
	body, err := process.Get(ctx, prometheus.URL+"/api/v1/query?"+form.Encode())
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  *point
				Values []point
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	list := make([]series, len(answer.Data.Result))
	for i, r := range answer.Data.Result {
		list[i].labels = r.Metric
		if r.Value != nil {
			r.Values = append(r.Values, *r.Value)
		}
		for _, p := range r.Values {
			if !math.IsNaN(p.value) { // as VictoriaMetrics has where an agent got no answer
				list[i].samples = append(list[i].samples, sample(p))
			}
		}
	}
	return list, nil
}

// A point is a sample in JSON: [seconds, "value"].
type point sample

func (p *point) UnmarshalJSON(b []byte) error {
	var seconds float64
	var value string
	if err := json.Unmarshal(b, &[]any{&seconds, &value}); err != nil {
		return err
	}
	var err error
	p.at = time.UnixMilli(int64(math.Round(seconds * 1000)))
	p.value, err = strconv.ParseFloat(value, 64)
	return err
}

// scalar returns the value of the one element of the result, and false if there is none.
func scalar(ctx context.Context, prometheus *process.Program, expr string, at time.Time) (float64, bool, error) {
	list, err := query(ctx, prometheus, expr, at)
	switch {
	case err != nil || len(list) == 0:
		return 0, false, err
	case len(list) > 1:
		return 0, false, fmt.Errorf("%s: %d series, want one", expr, len(list))
	}
	return list[0].samples[0].value, true, nil
}
