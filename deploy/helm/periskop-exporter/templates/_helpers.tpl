{{- define "periskop.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* Not longer than 52, so that the names of what a StatefulSet makes are labels as well. */ -}}
{{- define "periskop.fullname" -}}
{{- $name := include "periskop.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- .Values.fullnameOverride | default $full | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "periskop.selectorLabels" -}}
app.kubernetes.io/name: {{ include "periskop.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "periskop.labels" -}}
{{ include "periskop.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "periskop.serviceAccountName" -}}
{{- $own := ternary (include "periskop.fullname" .) "default" .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default $own -}}
{{- end -}}

{{- define "periskop.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "periskop.externalURL" -}}
{{- $scheme := ternary "https" "http" (eq .Values.serviceMonitor.scheme "https") -}}
{{- .Values.externalURL | default (printf "%s://%s.%s:%v" $scheme (include "periskop.fullname" .) .Release.Namespace .Values.service.port) | trimSuffix "/" -}}
{{- end -}}

{{- /* The path below which everything is served. */ -}}
{{- define "periskop.prefix" -}}
{{- (urlParse (include "periskop.externalURL" .)).path -}}
{{- end -}}

{{- /* Whether replicas ask each other, "" if not. */ -}}
{{- define "periskop.peers" -}}
{{- if and .Values.peers.enabled (gt (int .Values.replicas) 1) }}true{{ end -}}
{{- end -}}

{{- /* The configuration file, "" when it is in a Secret. */ -}}
{{- define "periskop.config" -}}
{{- $config := include "periskop.configWithoutPeers" . -}}
{{- if and $config (include "periskop.peers" .) (not (hasKey .Values.config "peers")) -}}
{{- $name := printf "%s-pods.%s.svc" (include "periskop.fullname" .) .Release.Namespace -}}
{{- $peers := dict "dns_sd_configs" (list (dict "names" (list $name) "type" "A" "port" 9968)) -}}
{{- if eq .Values.serviceMonitor.scheme "https" }}{{ $_ := set $peers "scheme" "https" }}{{ end -}}
{{- with include "periskop.prefix" . }}{{ $_ := set $peers "path_prefix" . }}{{ end -}}
{{- range $key, $value := .Values.peers.config }}{{ $_ := set $peers $key $value }}{{ end -}}
{{- trimSuffix "\n" $config }}
{{ toYaml (dict "peers" $peers) }}
{{- else -}}
{{- $config -}}
{{- end -}}
{{- end -}}

{{- define "periskop.configWithoutPeers" -}}
{{- $ours := .Files.Get "files/config.yaml" -}}
{{- if .Values.existingConfigSecret.name -}}
{{- else if .Values.config -}}
{{- toYaml .Values.config -}}
{{- else if .Values.rbac.namespaces -}}
{{- $config := fromYaml $ours -}}
{{- range $config.services }}{{ range .kubernetes_sd_configs }}{{ $_ := set . "namespaces" (dict "names" $.Values.rbac.namespaces) }}{{ end }}{{ end -}}
{{- toYaml $config -}}
{{- else -}}
{{- $ours -}}
{{- end -}}
{{- end -}}

{{- /* What the exporter may read, by the roles of its discovery, as a list of rules. */ -}}
{{- define "periskop.rules" -}}
{{- $roles := dict -}}
{{- $config := include "periskop.config" . -}}
{{- if $config -}}
{{- range (fromYaml $config).services -}}
{{- range .kubernetes_sd_configs -}}
{{- $_ := set $roles (toString .role) true -}}
{{- range $what, $on := .attach_metadata }}{{ if $on }}{{ $_ := set $roles $what true }}{{ end }}{{ end -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- range .Values.rbac.discoveryRoles }}{{ $_ := set $roles . true }}{{ end -}}
{{- end -}}
{{- $core := list -}}
{{- if or $roles.pod $roles.endpoints $roles.endpointslice }}{{ $core = append $core "pods" }}{{ end -}}
{{- if or $roles.service $roles.endpoints $roles.endpointslice }}{{ $core = append $core "services" }}{{ end -}}
{{- if $roles.endpoints }}{{ $core = append $core "endpoints" }}{{ end -}}
{{- if $roles.node }}{{ $core = append $core "nodes" }}{{ end -}}
{{- if $roles.namespace }}{{ $core = append $core "namespaces" }}{{ end -}}
{{- $rules := list -}}
{{- $verbs := list "get" "list" "watch" -}}
{{- if $core }}{{ $rules = append $rules (dict "apiGroups" (list "") "resources" $core "verbs" $verbs) }}{{ end -}}
{{- if $roles.endpointslice }}{{ $rules = append $rules (dict "apiGroups" (list "discovery.k8s.io") "resources" (list "endpointslices") "verbs" $verbs) }}{{ end -}}
{{- if $roles.ingress }}{{ $rules = append $rules (dict "apiGroups" (list "networking.k8s.io") "resources" (list "ingresses") "verbs" $verbs) }}{{ end -}}
{{- if $rules }}{{ toYaml $rules }}{{ end -}}
{{- end -}}
