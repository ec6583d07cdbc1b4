package alerts

import (
	_ "embed"
	"slices"
)

//go:embed alertmanager/alertmanager.yml
var alertmanagerConfig []byte

//go:embed alertmanager/periskop.tmpl
var alertmanagerTemplates []byte

// AlertmanagerConfig returns an example configuration for Alertmanager: routes that
// make one message per service, inhibition, and receivers that use the templates of
// [AlertmanagerTemplates], from a file periskop.tmpl beside it. The caller owns the
// result.
func AlertmanagerConfig() []byte { return slices.Clone(alertmanagerConfig) }

// AlertmanagerTemplates returns templates for messages by Slack and e-mail that link
// to the trace. The caller owns the result.
func AlertmanagerTemplates() []byte { return slices.Clone(alertmanagerTemplates) }
