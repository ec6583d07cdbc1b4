//go:build !linux

package discovery_test

// enterDNSRoot does nothing: the DNS tests need Linux.
func enterDNSRoot() {}
