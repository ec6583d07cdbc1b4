// Package deploy holds the tests of how the exporter is installed: the container image, the
// packages for Debian and Fedora with their systemd unit, the Helm chart, the compose file and
// the release. What needs root, a container engine or a long build is behind build tags of
// its own; make e2e-image, e2e-packages and e2e-helm run it.
package deploy

//go:generate ../../hack/deploy-files
