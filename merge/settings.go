package merge

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// Settings are what can change while the state is in use: see [State.Configure].
type Settings struct {
	// Services are those that are shown and counted.
	Services []ServiceSettings
	// KeysPerService is how many keys of a service have series of their own.
	// Defaults to 2000, as in OpenTelemetry's cardinality limit.
	KeysPerService int
	// OccurrencesPerKey is how many occurrences are kept of each key. Defaults to 10,
	// as many as the client libraries keep.
	OccurrencesPerKey int
	// OccurrenceSize is how many bytes of text are kept of an occurrence. Defaults to
	// 256 kB: a request, and a stack trace of several thousand lines.
	OccurrenceSize int
	// LabelLength is how many bytes a label value has at most. Defaults to 256.
	LabelLength int
	// SeriesRetention is how long a key that does not grow stays in the exposition.
	// Defaults to 7 days.
	SeriesRetention time.Duration
	// ProcessesPerTarget is how many processes are known of one target. Defaults to 100.
	ProcessesPerTarget int
	// LateDiscovery is how much later than a process its target may be discovered, for
	// its first exceptions to be news. Zero means not at all.
	LateDiscovery time.Duration
	// ProcessRetention is how long a process is known that is neither discovered nor
	// answers. Defaults to 1 hour.
	ProcessRetention time.Duration
	// EpisodeQuiet is how long an exception must not grow for its [Episode] to end.
	// Defaults to 1 hour.
	EpisodeQuiet time.Duration
	// EpisodeLimit is how many episodes of a service within an hour are told of one by
	// one. Defaults to 20.
	EpisodeLimit int
	// Export is set when what is counted goes to the queue, if there is one.
	Export bool
	// Redact removes secrets from an occurrence before it is kept. Nil keeps all.
	// It is called concurrently.
	Redact func(*periskop.Occurrence)
	// RedactText does so with a key. Nil keeps it. It is called concurrently, and is to
	// return the same for the same text.
	RedactText func(string) string
}

// ServiceSettings are the settings of one service.
type ServiceSettings struct {
	Name string
	// Block names the part of the configuration that the settings are of. It is kept, so that a
	// service that labels name has its settings from the start of the program on, when what
	// was told before is taken in again, and not only once it is found.
	Block string
	// Revision tells settings apart: those of one name and an equal revision are the same,
	// so that it costs little to apply them again. It is comparable; nil is never equal.
	Revision any
	// GroupBy are the target labels that become labels of the service's series.
	GroupBy []string
	// OccurrenceLabels are the target labels that each occurrence keeps.
	OccurrenceLabels []string
	// Push is set for a service whose processes may report by themselves. The watch on
	// it begins with the settings.
	Push bool
	// Labels returns the labels under which a key is exposed, and false if it is not
	// exposed at all. Keys with equal labels share a series. Nil exposes nothing.
	Labels func(SeriesKey) (periskop.Labels, bool)
	// Group returns the key under which a key is to be counted, "" for its own. Nil groups
	// nothing. It is called concurrently, and is to return the same for the same sample.
	Group func(Sample) string
}

// A SeriesKey is what one series stands for.
type SeriesKey struct {
	Service string
	// Key is the aggregation key, cut to the length of a label value.
	Key   string
	ID    string
	Class string
	// Severity is empty for what concerns all severities of a key.
	Severity string
	Group    periskop.Labels
}

func (o *Settings) setDefaults() {
	setDefault(&o.KeysPerService, 2000)
	setDefault(&o.OccurrencesPerKey, 10)
	setDefault(&o.OccurrenceSize, 256<<10)
	setDefault(&o.LabelLength, 256)
	setDefault(&o.ProcessesPerTarget, 100)
	setDefault(&o.SeriesRetention, 7*24*time.Hour)
	setDefault(&o.ProcessRetention, time.Hour)
	setDefault(&o.EpisodeQuiet, time.Hour)
	setDefault(&o.EpisodeLimit, 20)
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}
