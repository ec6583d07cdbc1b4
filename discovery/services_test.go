package discovery_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	promdiscovery "github.com/prometheus/prometheus/discovery"

	"github.com/periskop-exporter/periskop_exporter/discovery"
)

// apps is a static configuration of one target for each of the names, which have the
// label app.
func apps(names ...string) promdiscovery.StaticConfig {
	var config promdiscovery.StaticConfig
	for _, name := range names {
		group := static(name + ":80").(promdiscovery.StaticConfig)[0]
		group.Labels = model.LabelSet{"app": model.LabelValue(name)}
		config = append(config, group)
	}
	return config
}

const appToServiceName = `[{source_labels: [app], target_label: service_name}]`

// One block finds the targets of many services, and one of its own.
func TestServicesFromLabels(t *testing.T) {
	t.Parallel()
	cluster := configuredService("cluster", apps("cart", "pay", "", "bad"))
	cluster.Relabel = rules(t, appToServiceName)
	cluster.Configs = append(cluster.Configs, static("other:80"))
	r := runWith(t, discovery.Options{CheckName: func(name string) error {
		if name == "bad" {
			return errors.New("it is a bad one")
		}
		return nil
	}}, discovery.Settings{Services: []discovery.Service{cluster}, Limit: 10})
	r.isReady(t)
	if diff := cmp.Diff(r.names(), []string{"cart", "cluster", "pay"}); diff != "" {
		t.Fatalf("services (-got +want):\n%s", diff)
	}
	cart := r.service("cart")
	if diff := cmp.Diff(urlsOf(cart), []string{"http://cart:80/-/exceptions"}); diff != "" {
		t.Errorf("targets of cart (-got +want):\n%s", diff)
	}
	target := cart.Targets[0]
	if target.Service != "cart" || target.Block != "cluster" || target.Labels.Value("service_name") != "cart" || !cart.ByLabel() {
		t.Errorf("the target of cart: got %+v", target)
	}
	if own := r.service("cluster"); len(own.Targets) != 2 || own.ByLabel() || !own.Feeds {
		t.Errorf("the block itself has %v", urlsOf(own))
	}
	r.untilProblem(t, "cluster", `The target "bad:80" is not scraped: its label service_name: it is a bad one.`)
}

// A label that discovery sets names a service as well as a rule does, and Alertmanagers
// have no service.
func TestServicesFromDiscoveredLabels(t *testing.T) {
	t.Parallel()
	labelled := static("a:80").(promdiscovery.StaticConfig)
	labelled[0].Labels = model.LabelSet{"service_name": "shop"}
	fixed := configuredService("alertmanagers", labelled)
	fixed.FixedName = true
	r := run(t, configuredService("web", labelled), fixed)
	r.isReady(t)
	if diff := cmp.Diff(r.names(), []string{"alertmanagers", "shop"}); diff != "" {
		t.Errorf("services (-got +want):\n%s", diff)
	}
}

// A service that moves from a block of its own to a label is there all the time, and so
// are its targets; one that is taken out goes when all discoveries have answered.
func TestServiceMovesToALabel(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	answer := targets("shop:80", "new:80")
	server := serveTargets(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		answer(w, r)
	})
	r := run(t, configuredService("shop", static("shop:80")), configuredService("gone", static("gone:80")))
	r.isReady(t)
	publications := len(r.published())

	cluster := configuredService("cluster", httpConfig(server.url, time.Hour))
	cluster.Relabel = rules(t, `[{source_labels: [__address__], regex: "(.+):.*", target_label: service_name}]`)
	r.apply(t, cluster)
	r.until(t, "the block", func() bool { return r.service("cluster").Block != "" })
	close(release)
	r.until(t, "the services", func() bool { return cmp.Equal(r.names(), []string{"new", "shop"}) })
	if shop := r.service("shop"); shop.Block != "cluster" || len(shop.Targets) != 1 {
		t.Errorf("shop: got %+v", shop)
	}
	for i, services := range r.published()[publications:] {
		there := false
		for _, s := range services {
			there = there || s.Service == "shop" && len(s.Targets) > 0
		}
		if !there {
			t.Errorf("publication %d: shop was not there for a moment", i)
		}
	}
	r.mu.Lock()
	feeders := r.found.Feeders
	r.mu.Unlock()
	if len(feeders) != 1 || feeders[0].Block != "cluster" || feeders[0].Services != 2 || feeders[0].Targets != 2 {
		t.Errorf("feeders: got %+v", feeders)
	}
}

// Past the limit, targets are in no list, and that is a problem of their block.
func TestServicesLimit(t *testing.T) {
	t.Parallel()
	cluster := configuredService("cluster", apps("a", "b", "c"))
	cluster.Relabel = rules(t, appToServiceName)
	s := discovery.Settings{Services: []discovery.Service{cluster}, Limit: 2, Retention: time.Hour}
	r := runWith(t, discovery.Options{Known: []discovery.NamedService{{Name: "c", Block: "cluster", Latest: time.Now()}}}, s)
	r.isReady(t)
	if diff := cmp.Diff(r.names(), []string{"a", "c"}); diff != "" {
		t.Errorf("services (-got +want):\n%s", diff)
	}
	r.mu.Lock()
	found := r.found
	r.mu.Unlock()
	if found.Refused != 1 || len(found.Feeders) != 1 || !strings.Contains(strings.Join(found.Feeders[0].Problems, " "), `"b"`) {
		t.Errorf("got %+v", found)
	}
	s.Limit = 3
	if err := r.Apply(s); err != nil {
		t.Fatal(err)
	}
	r.until(t, "the third", func() bool { return cmp.Equal(r.names(), []string{"a", "b", "c"}) })
}

// It is known since when a service is waited for, and whether discovery has answered.
func TestServicesTellWhatTheyWaitFor(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := serveTargets(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		targets()(w, r)
	})
	before := time.Now()
	r := run(t, configuredService("slow", httpConfig(server.url, time.Hour)), configuredService("pushed"))
	r.until(t, "the services", func() bool { return len(r.names()) == 2 })
	slow := r.service("slow")
	if slow.Asked.Before(before) || !slow.Answered.IsZero() || !slow.Empty.Equal(slow.Asked) || slow.NoDiscovery {
		t.Errorf("a service whose discovery is slow: got %+v", slow)
	}
	if !r.service("pushed").NoDiscovery {
		t.Error("a service without discovery has one")
	}
	close(release)
	r.until(t, "the answer", func() bool { return !r.service("slow").Answered.IsZero() })
	if got := r.service("slow"); !got.Empty.Equal(slow.Empty) {
		t.Errorf("it is empty since %v, and was since %v", got.Empty, slow.Empty)
	}
}
