package names

// Alerts that both the generated rules and the exporter itself can raise.
const (
	NewException       = "PeriskopNewException"
	ExceptionRegressed = "PeriskopExceptionRegressed"
	// ManyExceptions stands for those of a service that are too many to be told of one by
	// one. Only the exporter itself raises it.
	ManyExceptions = "PeriskopManyExceptions"
)

// RunbookURL is where the pages of alerts are; {alert} stands for the name of one.
const RunbookURL = "https://github.com/periskop-exporter/periskop_exporter/blob/main/docs/alerts/{alert}.md"
