//go:build e2e

package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// An inbox takes what Alertmanager sends to Slack, by webhook and by e-mail.
type inbox struct {
	mu       sync.Mutex
	received map[string][]string // guarded by mu; bodies by path, e-mails as /mail
}

func (b *inbox) add(path, body string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.received[path] = append(b.received[path], body)
}

// wait returns the messages to that path, once there are that many.
func (b *inbox) wait(t *testing.T, path string, count int) []string {
	t.Helper()
	var got []string
	process.Eventually(t, path, func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if got = b.received[path]; len(got) < count {
			return fmt.Errorf("%d messages, want %d", len(got), count)
		}
		return nil
	})
	return got
}

func (b *inbox) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	if body, err := io.ReadAll(r.Body); err == nil {
		b.add(r.URL.Path, string(body))
	}
}

// serveMail takes one e-mail per connection (RFC 5321), as far as Alertmanager goes.
func (b *inbox) serveMail(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(conn)
	reply := func(text string) { fmt.Fprintf(conn, "%s\r\n", text) }
	reply("220 inbox")
	var mail strings.Builder
	for inData := false; ; {
		line, err := in.ReadString('\n')
		switch {
		case err != nil:
			return
		case inData && line == ".\r\n":
			inData = false
			b.add("/mail", mail.String())
			reply("250 ok")
		case inData:
			mail.WriteString(line)
		case strings.HasPrefix(line, "DATA"):
			inData = true
			reply("354 go on")
		case strings.HasPrefix(line, "QUIT"):
			reply("221 bye")
			return
		default:
			reply("250 ok")
		}
	}
}

// newInbox returns an inbox, with its URL and the address for e-mail.
func newInbox(t *testing.T) (b *inbox, url, mail string) {
	t.Helper()
	b = &inbox{received: map[string][]string{}}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b.serveMail(conn)
		}
	}()
	return b, server.URL, l.Addr().String()
}

// TestMessages runs a real Alertmanager with the example configuration, of which only
// addresses and pauses are changed, and reads what it sends.
func TestMessages(t *testing.T) {
	b, url, mail := newInbox(t)
	config := strings.NewReplacer(
		"slack_api_url_file: /etc/alertmanager/slack-webhook-url", "slack_api_url: "+url+"/slack", "http://receiver.example.com/alerts", url+"/webhook",
		"smtp.example.com:587", mail, "smtp_from:", "smtp_require_tls: false\n  smtp_from:",
	).Replace(process.Run(t, "rules", "--format=alertmanager"))
	config = regexp.MustCompile(`group_wait: \w+`).ReplaceAllString(config, "group_wait: 2s")
	alertmanager := process.AlertmanagerWith(t, config, map[string]string{
		"periskop.tmpl": process.Run(t, "rules", "--format=alertmanager-templates"),
	})
	var batch []map[string]any
	add := func(name, service, key string) {
		batch = append(batch, map[string]any{
			"labels": map[string]string{"alertname": name, "service_name": service, "aggregation_key": key},
			"annotations": map[string]string{
				"summary": name + " in " + service, "description": "About " + key + ".", "runbook_url": "http://runbook",
				"exception_url": "http://periskop/trace/" + key, "message": "<no> stock", "stacktrace": "shop.go:1",
			},
		})
	}
	for i := range 50 { // a bad deploy
		add("PeriskopNewException", "checkout", fmt.Sprint("key", i))
	}
	add("PeriskopExceptionSpike", "search", "old")
	add("PeriskopNewException", "search", "new")
	add("PeriskopTargetDown", "payments", "none")
	post(t, alertmanager.URL+"/api/v2/alerts", batch)

	testSlack(t, b.wait(t, "/slack", 3))
	testWebhook(t, b.wait(t, "/webhook", 2))
	mails := b.wait(t, "/mail", 1)
	if len(mails) != 1 || !strings.Contains(mails[0], "Subject: PeriskopTargetDown in payments") || !strings.Contains(mails[0], "http://periskop/trace/none") {
		t.Errorf("e-mails are\n%s", strings.Join(mails, "\n---\n"))
	}
}

func post(t *testing.T, url string, v any) {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, res.Status)
	}
}

// testSlack wants one message per service, each with a link.
func testSlack(t *testing.T, messages []string) {
	got := map[string]string{}
	for _, m := range messages {
		var message struct {
			Attachments []struct {
				Title, Text string
				TitleLink   string `json:"title_link"`
			}
		}
		if err := json.Unmarshal([]byte(m), &message); err != nil || len(message.Attachments) != 1 {
			t.Fatalf("%v in %s", err, m)
		}
		a := message.Attachments[0]
		got[a.Title] = a.TitleLink
		if !strings.Contains(a.Text, "> &lt;no&gt; stock") || !strings.Contains(a.Text, "```shop.go:1```") {
			t.Errorf("%s has no message and stack trace in\n%s", a.Title, a.Text)
		}
	}
	want := map[string]string{
		"50 alerts for checkout":           "http://periskop/trace/key0",
		"PeriskopExceptionSpike in search": "http://periskop/trace/old",
		"PeriskopTargetDown in payments":   "http://periskop/trace/none",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("messages on Slack, with their links (-got +want):\n%s", diff)
	}
}

// testWebhook wants every alert with its link, but for the one that the spike holds back.
func testWebhook(t *testing.T, messages []string) {
	got := map[string]int{}
	for _, m := range messages {
		var message struct{ Alerts []alert }
		if err := json.Unmarshal([]byte(m), &message); err != nil {
			t.Fatalf("%v in %s", err, m)
		}
		for _, a := range message.Alerts {
			got[a.Labels["alertname"]+" "+a.Labels["service_name"]]++
			if want := "http://periskop/trace/" + a.Labels["aggregation_key"]; a.Annotations["exception_url"] != want {
				t.Errorf("the link is %q, want %q", a.Annotations["exception_url"], want)
			}
		}
	}
	if diff := cmp.Diff(got, map[string]int{"PeriskopNewException checkout": 50, "PeriskopExceptionSpike search": 1}); diff != "" {
		t.Errorf("alerts by webhook (-got +want):\n%s", diff)
	}
}
