// Package names holds the names of metrics and labels in one place, so that the
// exposition, the generated rules and the dashboards cannot disagree.
package names

// Metrics about what targets report.
const (
	ExceptionsTotal            = "periskop_exceptions_total"
	ExceptionFirstSeen         = "periskop_exception_first_seen_timestamp_seconds"
	ExceptionLastSeen          = "periskop_exception_last_seen_timestamp_seconds"
	ExceptionMuted             = "periskop_exception_muted"
	ExceptionsRegressedTotal   = "periskop_exceptions_regressed_total"
	ServiceWatchedSince        = "periskop_service_watched_since_timestamp_seconds"
	ServiceTargets             = "periskop_service_targets"
	TargetUp                   = "periskop_target_up"
	TargetScrapeDuration       = "periskop_target_scrape_duration_seconds"
	ScrapesTotal               = "periskop_scrapes_total"
	TargetInconsistenciesTotal = "periskop_target_inconsistencies_total"
)

// Metrics about this program.
const (
	ExporterBuildInfo               = "periskop_exporter_build_info"
	ExporterConfigReloadSuccess     = "periskop_exporter_config_last_reload_successful"
	ExporterConfigReloadSuccessTime = "periskop_exporter_config_last_reload_success_timestamp_seconds"
	ExporterSeries                  = "periskop_exporter_series"
	ExporterNewSeries               = "periskop_exporter_new_series"
	ExporterRegularScrapers         = "periskop_exporter_regular_scrapers"
	ExporterRequestsRefused         = "periskop_exporter_requests_refused_total"
	ExporterOverflowKeys            = "periskop_exporter_overflow_keys"
	ExporterKeysPerServiceLimit     = "periskop_exporter_keys_per_service_limit"
	ExporterServicesLimit           = "periskop_exporter_services_limit"
	ExporterServicesOverLimit       = "periskop_exporter_services_over_limit"
	ExporterDiscoveryProblems       = "periskop_exporter_discovery_problems"
	ExporterStateCommits            = "periskop_exporter_state_commits_total"
	ExporterStateCommitFailures     = "periskop_exporter_state_commit_failures_total"
	ExporterStateCommitSuccess      = "periskop_exporter_state_last_commit_successful"
	ExporterStateCommitTime         = "periskop_exporter_state_last_commit_timestamp_seconds"
	ExporterStateCommitDuration     = "periskop_exporter_state_last_commit_duration_seconds"
	ExporterStateSize               = "periskop_exporter_state_size_bytes"
	ExporterStateDamaged            = "periskop_exporter_state_damaged"
	ExporterStateInfo               = "periskop_exporter_state_info"
	ExporterClockSteps              = "periskop_exporter_clock_steps_total"
	ExporterExportRecords           = "periskop_exporter_export_records_total"
	ExporterExportRequestsFailed    = "periskop_exporter_export_requests_failed_total"
	ExporterExportQueueRecords      = "periskop_exporter_export_queue_records"
	ExporterExportQueueSize         = "periskop_exporter_export_queue_size_bytes"
	ExporterExportQueueAge          = "periskop_exporter_export_queue_oldest_age_seconds"
	ExporterAlertsSent              = "periskop_exporter_alerts_sent_total"
	ExporterAlertsFailed            = "periskop_exporter_alerts_failed_total"
	ExporterAlertsDropped           = "periskop_exporter_alerts_dropped_total"
	ExporterAlertsActive            = "periskop_exporter_alerts_active"
	ExporterAlertmanagers           = "periskop_exporter_alertmanagers"
	ExporterPeers                   = "periskop_exporter_peers"
	ExporterPeerPushes              = "periskop_exporter_peer_pushes_total"
	ExporterPeerPushesWaiting       = "periskop_exporter_peer_pushes_waiting"
	ExporterPeerSuccess             = "periskop_exporter_peer_last_success_timestamp_seconds"
	ExporterPeerFailures            = "periskop_exporter_peer_failures_total"
)

// What replicas say to each other over HTTP.
const (
	// DecisionsPath is where a replica tells what was decided.
	DecisionsPath = "/api/v1/decisions"
	// The headers of a pushed report that is passed on: by which process, for how many seconds it has
	// been on its way, and which host pushed it.
	ForwardedBy   = "Periskop-Forwarded-By"
	ForwardedAge  = "Periskop-Forwarded-Age"
	ForwardedHost = "Periskop-Forwarded-Host"
)

// Labels.
const (
	ServiceName    = "service_name"
	AggregationKey = "aggregation_key"
	ExceptionID    = "exception_id"
	Severity       = "severity"
	Class          = "class"
	// Instance is the label that Prometheus puts on what it scrapes. A target is named
	// by Target, lest the two be confused.
	Instance = "instance"
	Target   = "target"
	Result   = "result"
	Reason   = "reason"
	Kind     = "kind"
	Peer     = "peer"
	// Replica tells exporters apart that are scraped through one address. All series have it once there
	// are peers.
	Replica = "replica"
	// Occurrence is the label of an exemplar: the UUID of an occurrence.
	Occurrence = "occurrence"
)
