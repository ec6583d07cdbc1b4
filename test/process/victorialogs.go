package process

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// OTLPPath is where VictoriaLogs takes OTLP logs over HTTP.
const OTLPPath = "/insert/opentelemetry/v1/logs"

// VictoriaLogs runs a real VictoriaLogs: a node that stores, or, with the storage nodes of a
// cluster, one that stores nothing, but inserts there and selects from there.
func VictoriaLogs(t testing.TB, storage ...*Program) *Program {
	t.Helper()
	address := FreeAddress(t)
	p := &Program{
		name: "victoria-logs", path: binary(t, "VICTORIA_LOGS", "victoria-logs"), URL: "http://" + address, ready: "/health",
		args: []string{"-httpListenAddr=" + address, "-memory.allowedBytes=128MB", "-inmemoryDataFlushInterval=1s"},
	}
	if len(storage) == 0 {
		p.args = append(p.args, "-storageDataPath="+filepath.Join(t.TempDir(), "data"))
	}
	for _, node := range storage {
		p.args = append(p.args, "-storageNode="+strings.TrimPrefix(node.URL, "http://"))
	}
	return start(t, p)
}

// Logs returns the records that a VictoriaLogs finds by LogsQL: their fields by name.
func Logs(ctx context.Context, logs *Program, query string) ([]map[string]string, error) {
	form := url.Values{"query": {query}, "limit": {"1000000"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, logs.URL+"/select/logsql/query", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", query, res.Status)
	}
	var list []map[string]string
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var fields map[string]string
		if err := json.Unmarshal(lines.Bytes(), &fields); err != nil {
			return nil, fmt.Errorf("%s: %w", query, err)
		}
		list = append(list, fields)
	}
	return list, lines.Err()
}
