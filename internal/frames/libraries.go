package frames

import (
	"path"
	"regexp"
	"strings"
)

// names are what libraries are called: packages, namespaces, crates, applications.
type names map[string]bool

// newNames returns the words of the lists.
func newNames(lists ...string) names {
	set := names{}
	for _, list := range lists {
		for _, name := range strings.Fields(list) {
			set[name] = true
		}
	}
	return set
}

// has reports whether one of the names is the function, or the beginning of it up to
// where a name ends.
func (n names) has(function string) bool {
	if function == "" || n == nil {
		return false
	}
	for i := range len(function) {
		switch function[i] {
		case '.', '/', '$', ':', '(', '<', ' ', '`':
			if n[function[:i]] {
				return true
			}
		}
	}
	return n[function]
}

// anyFile are where package managers and languages put code, in any language.
var anyFile = []string{
	"/pkg/mod/", "/node_modules/", "/bower_components/", "/jspm_packages/", "/.yarn/", "/.pnpm/", "/.pnp.", // Go, JavaScript
	"/gems/", "/rubygems", "/vendor_ruby/", "/lib/ruby/", "/share/ruby/", "/org/jruby/", // Ruby
	"/site-packages/", "/dist-packages/", "/_vendor/", "/__pypackages__/", ".egg/", ".whl/", "/.pex/", "/pypoetry/", // Python
	"/.cargo/", "/cargo/registry/", "/cargo/git/", "/rustc/", "/.rustup/", "/library/std/", "/library/core/", "/library/alloc/", // Rust
	"/.hex/", "/erlang/lib/", "/lib/elixir/lib/", "/otp/lib/", // Elixir, Erlang
	"/.pub-cache/", "/flutter/packages/", "/dart-sdk/", // Dart
	"/.build/checkouts/", "/sourcepackages/checkouts/", // Swift
	"/.nuget/", "/.m2/", "/.gradle/", "/.ivy2/", // .NET, JVM
	"/wp-includes/", "/wp-admin/", "/modules/contrib/", "/core/lib/drupal/", "/share/php/", "/share/pear/", // PHP
	"/share/perl", "/lib/perl", "/perl5/", "/share/lua/", "/luarocks/", "/lualib/", "/share/crystal/", "/share/julia/", "/.julia/", "/nimble/pkgs", // others
	"/usr/include/", "/usr/lib/", "/usr/lib64/", "/lib/x86_64-linux-gnu/", "/lib/aarch64-linux-gnu/", "/lib64/", "/homebrew/cellar/",
	"/var/runtime/", "/var/lang/", "/opt/python/", // of AWS Lambda
	"periskop-go/", "periskop-ruby/", "periskop-python/", "periskop-scala/", // the clients
}

// beginnings are those of files that no application has.
var beginnings = []string{
	"node:", "native ", "[native", "<anonymous>", "electron/js2c/", "extensions::", // JavaScript
	"chrome-extension:", "moz-extension:", "safari-extension:", "safari-web-extension:", "ms-browser-extension:", "chrome:", "resource:", "webkit-masked-url:",
	"ext:", "deno:", "bun:", "jsr:", "npm:", "webpack/", "webpack:///webpack/", "webpack:///external ", "(webpack)", "webpack-internal:///(webpack)",
	"https://deno.land/", "https://esm.sh/", "https://unpkg.com/", "https://cdn.jsdelivr.net/", "https://cdnjs.cloudflare.com/", "https://cdn.skypack.dev/",
	"https://jspm.dev/", "https://ajax.googleapis.com/", "https://www.googletagmanager.com/", "https://www.google-analytics.com/", "https://connect.facebook.net/",
	"https://js.stripe.com/", "https://maps.googleapis.com/", "https://browser.sentry-cdn.com/", "https://static.hotjar.com/",
	"<frozen ", "<decorator-gen", "<attrs generated", "<__array_function__", // Python
	"<internal:", "uri:classloader:", "jar:", "org/jruby/", // Ruby
	"dart:", "org-dartlang-sdk:", "phar:", "library/std/", "library/core/", "library/alloc/", "vendor/bundle/", "node_modules/",
	"libraries/base/", // of Haskell
}

// filePatterns are what takes more than a word to know. Each stands after a word that all
// its files have, as most files are done with once it is not there.
var filePatterns = []struct {
	hint    string
	pattern *regexp.Regexp
}{
	{"@v", regexp.MustCompile(`@v\d+\.`)}, // a module of Go
	// The library of Go, wherever it was installed. Its files have no more of a path than
	// the package when a program was built with -trimpath.
	{"/src/", regexp.MustCompile(`(?:^|/)(?:go|golang|go-?\d[\d.]*|goroot|\$goroot|libexec|x64|x86)/src/(?:` + goStandardPattern + `|internal)/`)},
	{"/", regexp.MustCompile(`^(?:` + goStandardPattern + `|internal/(?:` + goInternal + `))/(?:[\w./-]+/)?[\w.-]+\.(?:go|s)$`)},
	{"_", regexp.MustCompile(`^(?:_testmain\.go|_cgo_gotypes\.go|asm_\w+\.s)$`)},
	{"python", regexp.MustCompile(`(?:^|/)(?:lib(?:32|64)?/python ?\d|python ?\d[\d.-]*/lib/|python\d[\d.]*\.zip/|python\.framework/)`)},
	{"pypy", regexp.MustCompile(`(?:^|/)(?:lib(?:32|64)?/pypy ?\d|pypy[\d.]*/)`)},
	{"conda", regexp.MustCompile(`(?:^|/)(?:ana|mini)conda\d?/lib/`)},
	// What is installed beside the code of Go, PHP, Rust and Ruby; elsewhere a directory of
	// that name may be the application's.
	{"vendor/", regexp.MustCompile(`(?:^|/)vendor/(?:[^/]+\.[^/]+/.*\.(?:go|s)|[^/]+/.*\.php|[^/]+/src/.*\.rs|.*\.(?:m?js|cjs)|(?:bundle|ruby|gems|plugins|cache)/.*)$`)},
	// Programs that start others.
	{"bin/", regexp.MustCompile(`(?:^|/)(?:usr/(?:local/)?|\.?venv/|env/|virtualenv/|opt/[\w-]+/)s?bin/[^/.]+$`)},
	{"internal/", regexp.MustCompile(`^internal/[^.]*(?:\.js)?$`)}, // of old versions of Node.js
	{"deps/", regexp.MustCompile(`(?:^|/)deps/[^/]+/.*\.(?:exs?|[yx]rl|erl|[hl]?eex)$`)},
	{"pods/", regexp.MustCompile(`/pods/.*\.(?:mm?|swift|h|c|cc|cpp)$`)},
	{"external/", regexp.MustCompile(`(?:^|/)external/(?:com_|org_|in_|io_|pypi|pip|npm|maven|go_sdk|rules_|gazelle|@|[^/]*~)`)}, // of Bazel
	// Bundles of libraries, by the names that bundlers give them, and libraries that a page
	// takes as they are.
	{"http", regexp.MustCompile(`^https?://.*/(?:chunk-)?(?:vendors?|polyfills?|framework|runtime(?:~\w+)?|webpack-runtime|webpack)(?:[~.-][^/]*)?\.m?js$`)},
	{"http", regexp.MustCompile(`^https?://.*/(?:jquery|react|react-dom|angular|vue|zone|lodash|underscore|backbone|moment|d3|bootstrap|popper|axios|rxjs|core-js|require|system|sentry|bugsnag|rollbar|newrelic|gtm|gtag|analytics|hotjar|fbevents)(?:[.-](?:\d[\w.]*|min|slim|global|prod|production|development|bundle|umd|esm|cjs|runtime))*\.js$`)},
	{".p", regexp.MustCompile(`^[^/].*\.p(?:yx|xd|xi)$`)}, // of Cython
	{"lib/", regexp.MustCompile(`(?:^|/)lib/[^/]+/src/.*\.cr$`)},
	{"std@", regexp.MustCompile(`(?:^|/)std@[\w.]+/`)}, // of Deno
}

func isLibraryFile(file string) bool {
	if file == "" {
		return false
	}
	file = strings.ToLower(slashes(file))
	for _, b := range beginnings {
		if strings.HasPrefix(file, b) {
			return true
		}
	}
	if _, rest, ok := strings.Cut(file, "/go/src/"); ok && goLibraries.has(rest) {
		return true
	}
	rooted := "/" + file
	for _, p := range anyFile {
		if strings.Contains(rooted, p) {
			return true
		}
	}
	for _, p := range filePatterns {
		if strings.Contains(file, p.hint) && p.pattern.MatchString(file) {
			return true
		}
	}
	dir, base := path.Split(file)
	return launchers[base] && (strings.HasSuffix(dir, "bin/") || base == "artisan")
}

// launchers are programs that start an application, and are in one's bin.
var launchers = newNames(`airflow alembic artisan bundle celery chalice console cypress daphne ddtrace-run delayed_job django-admin flask foreman gunicorn
	honcho hypercorn irb jest mocha newrelic-admin nodemon opentelemetry-instrument passenger phpunit pip poetry puma pytest rackup rails rake
	resque rspec rubocop ruby setup shoryuken sidekiq spring supervisord thin ts-node tsx twistd unicorn update uvicorn uwsgi vite vitest waitress-serve webpack yarn`)

// nodeCore are the files of Node.js that are not in a directory.
var nodeCore = newNames(`_debug_agent _debugger _http_agent _http_client _http_common _http_incoming _http_outgoing _http_server _linklist
	_stream_duplex _stream_passthrough _stream_readable _stream_transform _stream_wrap _stream_writable _tls_common _tls_legacy _tls_wrap
	assert async_hooks bootstrap_node buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain events fs
	http http2 https inspector module net next_tick node os path perf_hooks process punycode querystring readline repl stream string_decoder sys
	task_queues timers tls trace_events tty url util v8 vm wasi worker_threads zlib`)
