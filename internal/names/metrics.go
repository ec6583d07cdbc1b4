package names

// A Metric is a metric that is exposed, as its documentation has it.
type Metric struct {
	Name string
	// Type is counter or gauge.
	Type string
	// Labels are in the order in which they are passed. Metrics of exceptions have the
	// labels of group_by as well.
	Labels []string
	Help   string
}

// Metrics returns all metrics whose names begin with periskop_, sorted by name.
func Metrics() []Metric {
	exception := []string{ServiceName, AggregationKey, ExceptionID, Class}
	return []Metric{
		{ExceptionFirstSeen, "gauge", exception, "When the exception was first reported ever, in seconds since 1970."},
		{ExceptionLastSeen, "gauge", exception, "When the newest occurrence of the exception was, in seconds since 1970."},
		{ExceptionMuted, "gauge", []string{ServiceName, ExceptionID}, "1 while the exception is muted, so that no alert is raised about it; nothing at other times."},
		{ExceptionsRegressedTotal, "counter", exception, "How often the exception came back after it was resolved. Exposed from when it is resolved for the first time."},
		{
			ExceptionsTotal, "counter",
			[]string{ServiceName, AggregationKey, ExceptionID, Severity, Class},
			"Exceptions that targets reported since the watch on their service began.",
		},
		{ExporterAlertmanagers, "gauge", nil, "Alertmanagers that are told of exceptions directly."},
		{ExporterAlertsActive, "gauge", nil, "Direct alerts that there are now."},
		{ExporterAlertsDropped, "counter", nil, "Direct alerts that were given up before any Alertmanager had them."},
		{ExporterAlertsFailed, "counter", nil, "Direct alerts that could not be sent to an Alertmanager; each attempt counts, and is made again."},
		{ExporterAlertsSent, "counter", nil, "Direct alerts that were sent to an Alertmanager; those that are sent again count again."},
		{ExporterBuildInfo, "gauge", []string{"version", "revision", "branch", "goversion", "goos", "goarch", "tags"}, "What was built; always 1."},
		{ExporterClockSteps, "counter", nil, "How often the exporter's clock was found to have been set."},
		{ExporterConfigReloadSuccessTime, "gauge", nil, "When the configuration file was last loaded with success, in seconds since 1970."},
		{ExporterConfigReloadSuccess, "gauge", nil, "Whether the last attempt to load the configuration file succeeded."},
		{ExporterDiscoveryProblems, "gauge", []string{ServiceName}, "What discovery has to complain about now, for the block of the file that bears this name. The page /status has it in words."},
		{ExporterExportQueueAge, "gauge", nil, "How long the oldest occurrence has waited to be exported; 0 when none waits."},
		{ExporterExportQueueRecords, "gauge", nil, "Occurrences that wait to be exported."},
		{ExporterExportQueueSize, "gauge", nil, "Size of the queue of occurrences that wait to be exported."},
		{ExporterExportRecords, "counter", []string{Result}, "Occurrences that left the queue of what is exported, by how: sent, failed for those that the other side refused, dropped for those that had no room or waited for too long."},
		{ExporterExportRequestsFailed, "counter", nil, "Requests with occurrences that were not taken. Most are made again."},
		{ExporterKeysPerServiceLimit, "gauge", nil, "Aggregation keys that a service may have series of its own for."},
		{ExporterNewSeries, "gauge", nil, "Counters that are still shown at 0, whatever they have counted, for all who scrape to see them rise."},
		{ExporterOverflowKeys, "gauge", []string{ServiceName}, "Aggregation keys of the service that are counted together, past the limit."},
		{ExporterPeerFailures, "counter", []string{Peer}, "Requests for the decisions of a peer that did not succeed. Each is made again within seconds."},
		{ExporterPeerSuccess, "gauge", []string{Peer}, "When the decisions of the peer were last read, in seconds since 1970; 0 for never."},
		{ExporterPeerPushes, "counter", []string{Result}, "Pushed reports that were passed on to a peer, by how that ended: sent, failed for those that it refused, dropped for those that had no room while it was away."},
		{ExporterPeerPushesWaiting, "gauge", nil, "Pushed reports that wait to be passed on to peers. Of a process it is the newest one that waits, once for each peer."},
		{ExporterPeers, "gauge", nil, "Addresses that discovery finds for peers, that of this exporter included."},
		{ExporterRegularScrapers, "gauge", nil, "Programs, and jobs of one, that scrape these metrics at a steady interval now."},
		{ExporterRequestsRefused, "counter", []string{Kind}, "Requests that were refused because too many of their kind were under way: metrics, pages, api, federation, push, reload; and connections that were closed because too many were open: connection."},
		{ExporterSeries, "gauge", nil, "Exposed series of " + ExceptionsTotal + "."},
		{ExporterServicesLimit, "gauge", nil, "How many services there may be, those that labels of targets name included."},
		{ExporterServicesOverLimit, "gauge", nil, "Services past the limit, whose targets are not scraped. The page /status names some."},
		{ExporterStateCommitFailures, "counter", nil, "Commits of counts to the state file that failed."},
		{ExporterStateCommits, "counter", nil, "Commits of counts to the state file that succeeded."},
		{ExporterStateDamaged, "gauge", nil, "Whether something was missing of the state at the start, or it was put back from a backup: counters then began at zero."},
		{ExporterStateInfo, "gauge", []string{"uuid"}, "Which state this exporter counts on, always 1."},
		{ExporterStateCommitDuration, "gauge", nil, "How long the last successful commit to the state file took."},
		{ExporterStateCommitSuccess, "gauge", nil, "Whether the last commit to the state file succeeded."},
		{ExporterStateCommitTime, "gauge", nil, "When the last successful commit to the state file was, in seconds since 1970."},
		{ExporterStateSize, "gauge", nil, "Size of the state file."},
		{ScrapesTotal, "counter", []string{ServiceName, Result}, "Scrapes by how they ended: success, timeout, connection, http_status, too_large, invalid_payload."},
		{ServiceTargets, "gauge", []string{ServiceName}, "Targets of the service that are discovered now; 0 included for services that the file names. One that labels of targets name has it while there are some, and one that is only pushed to never."},
		{ServiceWatchedSince, "gauge", []string{ServiceName}, "When the service was first scraped with success, in seconds since 1970."},
		{TargetInconsistenciesTotal, "counter", []string{ServiceName, Reason}, "What targets reported that was not counted, or not all of it, or that is doubtful. docs/counting.md has the reasons."},
		{TargetScrapeDuration, "gauge", []string{ServiceName, Target}, "How long the last scrape of the target took. The label target is what relabelling made instance."},
		{TargetUp, "gauge", []string{ServiceName, Target}, "Whether the last scrape of the target succeeded."},
	}
}

// Find returns the metric of that name. It panics when there is none: names are
// constants.
func Find(name string) Metric {
	for _, m := range Metrics() {
		if m.Name == name {
			return m
		}
	}
	panic("names: no metric " + name)
}
