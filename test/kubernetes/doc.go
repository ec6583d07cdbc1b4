// Package kubernetes holds the tests of the exporter against a real kube-apiserver:
// pods come, move and go, and the API server itself goes away and comes back. They
// are behind the build tag e2e_kubernetes; `make e2e-kubernetes` builds what they
// need and runs them.
package kubernetes
