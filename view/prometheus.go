package view

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// A prometheusClient asks a Prometheus server for the history of one number.
type prometheusClient struct {
	base *url.URL
	http *http.Client
}

// maxAnswer is far more than the answer about one series has: some sixty numbers.
const maxAnswer = 1 << 20

func newPrometheusClient(base *url.URL, transport http.RoundTripper) *prometheusClient {
	return &prometheusClient{base: base, http: &http.Client{
		Transport: transport,
		// A redirect leads to where people log in: there is no answer behind it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// history returns the values of the expression from start on, n of them a step apart; one
// that is not known is zero. The expression must have one result at most.
func (c *prometheusClient) history(ctx context.Context, expr string, start time.Time, step time.Duration, n int) ([]float64, error) {
	end := start.Add(time.Duration(n-1) * step)
	address := below(c.base, "api/v1/query_range", url.Values{
		"query": {expr}, "start": {unixText(start)}, "end": {unixText(end)}, "step": {strconv.Itoa(int(step / time.Second))},
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered %s", res.Status)
	}
	return readHistory(io.LimitReader(res.Body, maxAnswer), start, step, n)
}

func unixText(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// readHistory reads an answer of Prometheus' API
// (https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries). Its client
// library would read an answer of any size.
func readHistory(r io.Reader, start time.Time, step time.Duration, n int) ([]float64, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Values [][2]any `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(r).Decode(&answer); err != nil {
		return nil, fmt.Errorf("its answer is not Prometheus': %w", err)
	}
	out := make([]float64, n)
	for _, series := range answer.Data.Result {
		for _, v := range series.Values {
			at, isNumber := v[0].(float64)
			text, isText := v[1].(string)
			value, err := strconv.ParseFloat(text, 64)
			i := int((at - float64(start.Unix())) / step.Seconds())
			if isNumber && isText && err == nil && value > 0 && i >= 0 && i < n {
				out[i] = value
			}
		}
	}
	return out, nil
}
