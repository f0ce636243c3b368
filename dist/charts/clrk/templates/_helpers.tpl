{{- /* The image of all roles: the digest wins over the tag, the tag over the chart's version. */ -}}
{{- define "clrk.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- define "clrk.clickhouseUrl" -}}
{{- if not .Values.clickhouse.install -}}
{{ .Values.clickhouse.url }}
{{- else if .Values.clickhouse.url -}}
{{ fail "clickhouse.url and clickhouse.install exclude each other: records go to one server" }}
{{- else -}}
http://clrk-clickhouse.{{ .Release.Namespace }}.svc:8123
{{- end -}}
{{- end -}}
{{- define "clrk.natsUrl" -}}
{{ .Values.nats.url | default (printf "tls://clrk-nats.%s.svc:4222" .Release.Namespace) }}
{{- end -}}
