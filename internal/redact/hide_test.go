package redact_test

import (
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
)

func TestHide(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"URL", "http://a:80/-/exceptions", "http://a:80/-/exceptions"},
		{"password", "https://me:hunter2@a:80/x", "https://<secret>@a:80/x"},
		{"token as user", "https://hunter2@a/x", "https://<secret>@a/x"},
		{"password with a blank", `Get "https://me:hun ter2@a:8080/b?c=d": EOF`, `Get "https://<secret>@a:8080/b?c=<secret>": EOF`},
		{"query", "http://a/x?token=hunter2&module=hunter2&empty=&flag", "http://a/x?token=<secret>&module=<secret>&empty=&flag"},
		{"fragment", "http://a/x?b=hunter2#c", "http://a/x?b=<secret>#c"},
		{"at in the path", "http://a:80/x@y is down", "http://a:80/x@y is down"},
		{"several", "tried http://a?b=hunter2, consul://:hunter2@b/c", "tried http://a?b=<secret> consul://<secret>@b/c"},
		{"address with an account", "the address me:hunter2@a:80 is none", "the address <secret>@a:80 is none"},
		{"address in quotation marks", `its address "me:hunter2@a:80"`, `its address "<secret>@a:80"`},
		{"address with a token", `its address "hunter2@a:80" and hunter2@[::1]:80`, `its address "<secret>@a:80" and <secret>@[::1]:80`},
		{"e-mail address", "owner ops@example.com", "owner ops@example.com"},
		{"path", "/federate?a=hunter2&b=hunter2", "/federate?a=<secret>&b=<secret>"},
		{"query that is part of the path", "http://a/x%3Fa=hunter2", "http://a/x%3Fa=<secret>"},
		{"repository", "host=db user=me password=hunter2", "host=db user=me password=<secret>"},
		{"token", "bad " + githubToken, "bad <secret>"},
		{"sentence", "the token file cannot be read: permission denied", "the token file cannot be read: permission denied"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := redact.Hide(tt.in)
			if got != tt.want {
				t.Errorf("Hide(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
			if again := redact.Hide(got); again != got {
				t.Errorf("Hide is not idempotent: %q becomes %q", got, again)
			}
		})
	}
}

func TestHideValue(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"env", "prod", "prod"},
		{"token", "hunter2", "<secret>"},
		{"token", "", ""},
		{"db_password", "hunter2", "<secret>"},
		{"__param_module", "hunter2", "<secret>"},
		{"__meta_url", "https://me:hunter2@sd.example/targets?a=hunter2", "https://<secret>@sd.example/targets?a=<secret>"},
		{"__meta_image", "registry.example/web:1", "registry.example/web:1"},
		{"__meta_kubernetes_pod_annotation_checksum_config", "0123456789abcdef", "0123456789abcdef"},
		{"__address__", "10.0.0.1:8080", "10.0.0.1:8080"},
	}
	for _, tt := range tests {
		if got := redact.HideValue(tt.name, tt.value); got != tt.want {
			t.Errorf("HideValue(%q, %q) = %q, want %q", tt.name, tt.value, got, tt.want)
		}
	}
}
