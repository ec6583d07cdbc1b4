# How the exporter is packed, and how that is tested. The Makefile includes it.

# What is packed: what ships, or for a quicker test PROGRAM=bin/slim/periskop_exporter.
PROGRAM := bin/periskop_exporter
ARCH     = $(shell go env GOARCH)

# One commit gives the same bytes, so its time is that of all files.
PACK = SOURCE_DATE_EPOCH="$$(git log -1 --format=%ct)" VERSION=$(VERSION) REVISION=$(REVISION)

.PHONY: image
image: program release-tools ## build the container image as bin/image/periskop_exporter.tar, for docker load
	@hack/install buildah 'the image' buildah
	$(PACK) BASE=$(BASE) hack/image docker bin/image/periskop_exporter.tar $(ARCH)=$(PROGRAM)

.PHONY: e2e-image
e2e-image: image ## run the image in podman, as root
	@hack/install podman 'the test of the image' podman
	@hack/install runc 'the test of the image' runc
	go test -count=1 -tags $(SLIM_TAGS),e2e_image ./test/deploy

.PHONY: packages
packages: program release-tools ## build the packages for Debian and Fedora in bin/packages
	mkdir -p bin/packages && cp $(PROGRAM) bin/packages/
	$(PACK) hack/extra bin/packages/periskop_exporter bin/packages/extra
	$(PACK) hack/packages bin/packages $(ARCH) bin/packages/this.deb bin/packages/this.rpm

# The next version is the same program.
.PHONY: e2e-packages
e2e-packages: packages bin/packages/debian ## install the packages on a Debian with systemd, as root
	@hack/install podman 'the test of the packages' podman
	@hack/install runc 'the test of the packages' runc
	@hack/install rpm 'the test of the packages' rpm
	$(PACK) VERSION=999.0.0 hack/packages bin/packages $(ARCH) bin/packages/next.deb bin/packages/next.rpm
	go test -count=1 -tags $(SLIM_TAGS),e2e_packages ./test/deploy

bin/packages/debian:
	@hack/install debootstrap 'the test of the packages' debootstrap
	rm -rf $@.new && mkdir -p $@.new
	debootstrap --variant=minbase --include=systemd,systemd-sysv,init-system-helpers,procps bookworm $@.new >$@.log || { tail $@.log; exit 1; }
	mv $@.new $@

.PHONY: test-release
test-release: ## test what writes archives and the files of the image
	go test -C tools/release -count=1 ./...

.PHONY: release
release: slim release-tools ## build all that a release has in bin/dist: PLATFORMS='linux/amd64 …' for some platforms alone
	@hack/install buildah 'the image' buildah
	bin/release version
	$(PACK) LDFLAGS='$(LDFLAGS)' TAGS=$(TAGS) hack/release bin/dist $(PLATFORMS)

.PHONY: e2e-release
e2e-release: release-tools ## build a release twice, in two clones of the last commit, and compare them
	hack/reproduce $(SLIM_TAGS)

.PHONY: program
program: $(if $(filter bin/slim/%,$(PROGRAM)),slim,build)

.PHONY: release-tools
release-tools:
	@hack/build nfpm tools/release -o ../../bin/ tool
	@hack/build bin/release tools/release -o ../../bin/ .

.PHONY: helm
helm:
	@hack/build helm tools/helm -o ../../bin/ tool

.PHONY: e2e-helm
e2e-helm: helm kubernetes prometheus bin/kubernetes/crds ## render the Helm chart, and install it into a real kube-apiserver
	@hack/build bin/kubernetes/periskop_exporter . -tags $(KUBERNETES_TAGS) -ldflags '$(LDFLAGS)' -o bin/kubernetes/periskop_exporter ./cmd/periskop_exporter
	go test -count=1 -tags $(KUBERNETES_TAGS),e2e_helm ./test/deploy $(UPDATE)
	go test -count=1 -tags $(KUBERNETES_TAGS),e2e_helm ./test/kubernetes

# The resources of the Prometheus operator, as its types define them.
bin/kubernetes/crds: tools/operator/go.mod
	@hack/build bin/controller-gen tools/operator -o ../../bin/ tool
	rm -rf $@
	cd tools/operator && ../../bin/controller-gen crd:allowDangerousTypes=true output:crd:dir=../../$@ \
		paths=github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1

# What reads the compose file as docker compose does.
.PHONY: compose
compose:
	@hack/build bin/compose tools/compose -o ../../bin/ .
	@hack/install nginx 'the tests behind a proxy' nginx-light
