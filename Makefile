# Each target is a command that can also be typed by hand; `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := all
# Two builds at once would compile the same packages twice.
.NOTPARALLEL:

# The mechanisms that are compiled into the exporter of the tests and of the demo,
# beside static, file and http, which are always there. All of them together
# compile for minutes; only `make build` needs that.
SLIM_TAGS := remove_all_sd,enable_dns_sd
KUBERNETES_TAGS := $(SLIM_TAGS),enable_kubernetes_sd

# The date is that of the commit, so that one commit gives one and the same binary.
VERSION  = $(shell cat VERSION 2>/dev/null || git describe --tags --always --dirty 2>/dev/null || echo unknown)
REVISION = $(shell git rev-parse --quiet --verify HEAD 2>/dev/null || echo unknown)
BRANCH   = $(shell git symbolic-ref --quiet --short HEAD 2>/dev/null || echo unknown)
DATE     = $(shell TZ=UTC0 git log -1 --date=format-local:%Y%m%d-%H:%M:%S --format=%cd 2>/dev/null || echo unknown)

STAMP   = github.com/prometheus/common/version
LDFLAGS = -X $(STAMP).Version=$(VERSION) -X $(STAMP).Revision=$(REVISION) -X $(STAMP).Branch=$(BRANCH) -X $(STAMP).BuildDate=$(DATE)

PROMETHEUS   := github.com/prometheus/prometheus/cmd
ALERTMANAGER := github.com/prometheus/alertmanager/cmd

.PHONY: all
all: build lint test ## build, lint and test (the default)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/periskop_exporter with every discovery mechanism
	@hack/build bin/periskop_exporter . -ldflags '$(LDFLAGS)' -o bin/periskop_exporter ./cmd/periskop_exporter

.PHONY: test
test: check-tidy check-generated test-go test-release e2e check-example check-docs ## run every test that needs nothing but this machine

.PHONY: test-go
test-go: test-packages prometheus ## run the tests of the packages
	CGO_ENABLED=1 go test -race -shuffle=on -count=1 -tags $(SLIM_TAGS) ./...
	go test -C tools/mutants -count=1 .

.PHONY: e2e
e2e: test-packages npm slim settable-clock prometheus victoriametrics victorialogs compose ## run the end to end and browser tests alone
	PROMTOOL=$(CURDIR)/bin/promtool AMTOOL=$(CURDIR)/bin/amtool \
		go test -p 1 -shuffle=on -count=1 -tags $(SLIM_TAGS),e2e ./test/... ./alerts ./view

.PHONY: e2e-grafana
e2e-grafana: test-packages npm slim prometheus ## look at the dashboards in a real Grafana: GRAFANA_HOME=…
	GRAFANA_HOME=$(GRAFANA_HOME) SCREENSHOTS=$(CURDIR)/bin/screenshots/grafana \
		go test -count=1 -v -tags $(SLIM_TAGS),e2e_grafana ./test/grafana/...

.PHONY: e2e-kubernetes
e2e-kubernetes: kubernetes ## run the tests against a real kube-apiserver
	@hack/build bin/kubernetes/periskop_exporter . -tags $(KUBERNETES_TAGS) -ldflags '$(LDFLAGS)' -o bin/kubernetes/periskop_exporter ./cmd/periskop_exporter
	go test -shuffle=on -count=1 -tags $(KUBERNETES_TAGS),e2e_kubernetes ./test/kubernetes/...

.PHONY: e2e-logs
e2e-logs: slim victorialogs collector ## export to a cluster of VictoriaLogs behind an OpenTelemetry Collector: AWAY=10m for how long it is away
	go test -count=1 -v -timeout 100m -tags $(SLIM_TAGS),e2e_logs ./test/logs $(if $(AWAY),-away $(AWAY))

.PHONY: bench
bench: slim prometheus ## measure what the exporter costs, as a ratio to a mere download (a quarter of an hour)
	go test -run '^$$' -bench . -benchtime 1x -timeout 30m ./test/bench

.PHONY: soak
soak: slim ## keep the exporter busy with everything for half an hour, and look at what it takes then
	go test -count=1 -v -timeout 1h -tags $(SLIM_TAGS),e2e ./test/soak -for 30m

.PHONY: soak-race
soak-race: test-packages ## the same for five minutes with restarts, under the race detector
	CGO_ENABLED=1 go build -race -tags $(SLIM_TAGS) -o bin/race/periskop_exporter ./cmd/periskop_exporter
	EXPORTER=$(CURDIR)/bin/race/periskop_exporter go test -count=1 -v -timeout 30m -tags $(SLIM_TAGS),e2e ./test/soak -for 5m -restarts

.PHONY: bench-packages
bench-packages: ## run the benchmarks of the packages, for benchstat
	go test -run '^$$' -bench . -benchmem -tags $(SLIM_TAGS) $$(go list ./... | grep -v /test/)

.PHONY: bench-compare
bench-compare: ## compare the benchmarks of the packages with those of another commit: BASE=HEAD~1, ROUNDS=5
	hack/bench-compare $(or $(BASE),HEAD~1) $(or $(ROUNDS),5)

.PHONY: fuzz
fuzz: ## fuzz everything that takes bytes from outside, for three hours: FUZZTIME=10m for each
	hack/fuzz $(SLIM_TAGS) $(or $(FUZZTIME),10m)

.PHONY: mutants
mutants: ## leave out one line of the wiring after another, and say which no test of the package notices: DIR=cmd/periskop_exporter, ONLY=serve.go for some lines
	go build -C tools/mutants -o ../../bin/mutants .
	bin/mutants -tags $(SLIM_TAGS) -only '$(ONLY)' $(or $(DIR),cmd/periskop_exporter)

.PHONY: lint
lint: linter vulnerabilities ## run the linters, and look for known vulnerabilities
	CGO_ENABLED=0 GOFLAGS="$${GOFLAGS:-} -trimpath" bin/golangci-lint run

.PHONY: fmt
fmt: linter ## format the code
	bin/golangci-lint fmt

.PHONY: generate
generate: ## rebuild all that is generated from the code
	GOFLAGS="$${GOFLAGS:-} -tags=$(SLIM_TAGS)" go generate ./...

.PHONY: demo
demo: slim victorialogs ## run the exporter with sample services, Prometheus, Alertmanager and VictoriaLogs
	@hack/build 'bin/prometheus and bin/alertmanager' tools/prometheus -tags remove_all_sd -o ../../bin/ $(PROMETHEUS)/prometheus $(ALERTMANAGER)/alertmanager
	bin/slim/periskop_exporter demo --prometheus=bin/prometheus --alertmanager=bin/alertmanager --victorialogs=bin/victoria-logs

.PHONY: fidelity
fidelity: slim settable-clock prometheus victoriametrics ## hold what Prometheus counts against the truth, for half an hour, and write docs/fidelity.md
	go test -count=1 -timeout 60m -tags $(SLIM_TAGS),e2e ./test/fidelity -long -update

.PHONY: screenshots
screenshots: test-packages ## take pictures of the pages, for the documentation
	go test -count=1 -tags $(SLIM_TAGS),e2e,screenshots -run TestScreenshots ./view

.PHONY: vulnerabilities
vulnerabilities: ## look for known vulnerabilities in what is built, with a database that is a module
	@hack/build bin/govulncheck tools/lint -o ../../bin/ golang.org/x/vuln/cmd/govulncheck
	@hack/build bin/vulnerabilities tools/vulnerabilities -o ../../bin/ .
	bin/vulnerabilities bin/govulncheck "$$(cd tools/vulnerabilities && go mod download -json golang.org/x/vulndb | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')" -tags $(SLIM_TAGS) ./...

.PHONY: clean
clean: ## remove what was built
	rm -rf bin

include deploy/rules.mk

# The rest serves the targets above.

.PHONY: slim
slim:
	@hack/build bin/slim/periskop_exporter . -tags $(SLIM_TAGS) -ldflags '$(LDFLAGS)' -o bin/slim/periskop_exporter ./cmd/periskop_exporter

# The exporter on a machine whose clock can be set, for the tests.
.PHONY: settable-clock
settable-clock:
	@hack/build bin/settable-clock/periskop_exporter . "$$(hack/settable-clock bin/settable-clock/_time)" -tags $(SLIM_TAGS) -ldflags '$(LDFLAGS)' -o bin/settable-clock/periskop_exporter ./cmd/periskop_exporter

.PHONY: prometheus
prometheus:
	@hack/build 'Prometheus and Alertmanager' tools/prometheus -tags remove_all_sd -o ../../bin/ tool

.PHONY: victoriametrics
victoriametrics:
	@hack/build VictoriaMetrics tools/victoriametrics -o ../../bin/ tool

.PHONY: victorialogs
victorialogs:
	@hack/build VictoriaLogs tools/victorialogs -o ../../bin/ tool

.PHONY: collector
collector:
	@hack/build bin/collector tools/collector -o ../../bin/ .

.PHONY: kubernetes
kubernetes:
	@hack/install etcd 'the tests against Kubernetes' etcd-server
	@version=$$(cd tools/kubernetes && go list -m -f '{{.Version}}' k8s.io/kubernetes); \
	hack/build kube-apiserver tools/kubernetes -ldflags "-X k8s.io/component-base/version.gitVersion=$$version" -o ../../bin/ tool

.PHONY: linter
linter:
	@hack/build bin/golangci-lint tools/lint -o ../../bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

# The race detector links with gcc; the pages are tried in a real browser.
.PHONY: test-packages
test-packages:
	@hack/install gcc 'the race detector' gcc libc6-dev
	@hack/install chromium 'the browser tests' chromium fonts-dejavu-core

# The programs that ask the exporter what they ask a Periskop server, the one that looks
# for what keeps people out, and Grafana's own code for the tests of the dashboards.
.PHONY: npm
npm:
	@hack/install npm 'the tests with programs from npm' nodejs npm
	@hack/npm test/npm/testdata --omit=dev --omit=optional --omit=peer
	@hack/npm test/grafana

.PHONY: check-tidy
check-tidy:
	go mod tidy -diff

# The example has a block for every discovery mechanism, so this also tells that
# what ships, which is more than what the tests build, has them all.
.PHONY: check-example
check-example: build
	bin/periskop_exporter check-config config.example.yaml

# Every command, query, link and block of YAML of the pages, beside a running demo.
.PHONY: check-docs
check-docs: build prometheus victorialogs ## run what the documentation tells users to type
	@hack/install curl 'the tests of the documentation' curl
	EXPORTER=$(CURDIR)/bin/periskop_exporter go test -count=1 -tags $(SLIM_TAGS),e2e_docs ./test/docs

# What is generated is part of the tree, and must be what the code makes today.
FILES = git ls-files --cached --others --exclude-standard -z

.PHONY: check-generated
check-generated:
	@before=$$($(FILES) | xargs -0 sha256sum 2>&1 || true); \
	$(MAKE) --no-print-directory generate; \
	after=$$($(FILES) | xargs -0 sha256sum 2>&1 || true); \
	if [[ $$before != "$$after" ]]; then \
		diff <(echo "$$before") <(echo "$$after") || true; \
		echo 'generated files were out of date: commit what `make generate` has now made of them'; \
		exit 1; \
	fi
