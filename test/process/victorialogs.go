package process

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// OTLPPath is where VictoriaLogs takes OTLP logs over HTTP.
const OTLPPath = "/insert/opentelemetry/v1/logs"

// VictoriaLogs runs a real VictoriaLogs: one node, which stores what it takes.
func VictoriaLogs(t testing.TB) *Program {
	t.Helper()
	return victoriaLogs(t, "-storageDataPath="+filepath.Join(t.TempDir(), "data"))
}

// VictoriaLogsCluster runs a real cluster of so many nodes that store, and of two that store
// nothing: one inserts there, the other selects from there.
func VictoriaLogsCluster(t testing.TB, nodes int) (storage []*Program, inserts, selects *Program) {
	t.Helper()
	var addresses []string
	for range nodes {
		node := VictoriaLogs(t)
		storage = append(storage, node)
		addresses = append(addresses, "-storageNode="+strings.TrimPrefix(node.URL, "http://"))
	}
	inserts = victoriaLogs(t, append(addresses, "-select.disable")...)
	selects = victoriaLogs(t, append(addresses, "-insert.disable")...)
	return storage, inserts, selects
}

func victoriaLogs(t testing.TB, args ...string) *Program {
	t.Helper()
	address := FreeAddress(t)
	return start(t, &Program{
		name: "victoria-logs", path: binary(t, "VICTORIA_LOGS", "victoria-logs"), URL: "http://" + address, ready: "/health",
		args: append([]string{"-httpListenAddr=" + address, "-memory.allowedBytes=128MB", "-inmemoryDataFlushInterval=1s"}, args...),
	})
}

// FoundLogs returns what Logs does once it is at least so many records: a VictoriaLogs that has
// shown records finds none for a moment while it moves them to another part.
func FoundLogs(t testing.TB, logs *Program, query string, least int) []map[string]string {
	t.Helper()
	var list []map[string]string
	Eventually(t, query, func() (err error) {
		if list, err = Logs(t.Context(), logs, query); err == nil && len(list) < least {
			err = fmt.Errorf("%d of %d are found", len(list), least)
		}
		return err
	})
	return list
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

// LogsFound returns how many records a VictoriaLogs has.
func LogsFound(ctx context.Context, logs *Program) (int, error) {
	list, err := Logs(ctx, logs, "* | stats count() n")
	if err != nil || len(list) != 1 {
		return 0, errors.Join(err, fmt.Errorf("it counts %v", list))
	}
	return strconv.Atoi(list[0]["n"])
}
