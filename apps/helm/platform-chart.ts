/**
 * The Helm chart of the platform: the objects of dist/platform with the fields users expect to set opened up. The
 * Namespace is not in it, because Helm keeps a release inside the namespace and cannot own it.
 */
import type { Chart } from 'cdk8s';
import { clickhouseUser, platformImage, platformVersion, systemNamespace } from '../system-names.ts';
import { chartValues } from './chart-value.ts';
import { TemplateObject, type Manifest, type Tree } from './template-text.ts';
import { valuesSchema, valuesYaml } from './values-file.ts';

/** File name below the chart's folder to text. */
export type ChartFiles = ReadonlyMap<string, string>;

const repository = platformImage.slice(0, platformImage.lastIndexOf(':'));

export function chartYaml(name: string, description: string): string {
  return [
    'apiVersion: v2',
    `name: ${name}`,
    `description: ${description}`,
    'type: application',
    `version: ${platformVersion}`,
    `appVersion: "${platformVersion}"`,
    // CEL rules in CRDs are stable from here on.
    'kubeVersion: ">=1.29.0-0"',
    '',
  ].join('\n');
}

const helpers = `{{- /* The image of all roles: the digest wins over the tag, the tag over the chart's version. */ -}}
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
`;

const podMonitor = `{{- if .Values.monitoring.podMonitor.enabled }}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: clrk
  namespace: {{ .Release.Namespace | quote }}
  labels:
    app.kubernetes.io/part-of: clrk
    {{- with .Values.monitoring.podMonitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      app.kubernetes.io/part-of: clrk
  podMetricsEndpoints:
    - port: health
      path: /metrics
      interval: {{ .Values.monitoring.podMonitor.interval | quote }}
{{- end }}
`;

const notes = `CLRK {{ .Chart.AppVersion }} is installed in {{ .Release.Namespace }}. Its kinds are in the chart clrk-crds.

  kubectl -n {{ .Release.Namespace }} get pods
  kubectl label namespace {{ .Release.Namespace }} pod-security.kubernetes.io/enforce=restricted

Workers run in the namespaces of their WorkerPools, which must admit privileged pods.
`;

const clickhouse = 'clrk-clickhouse';

function conditionOf({ kind, metadata }: Manifest): string | undefined {
  const conditions = [
    ...(metadata.name === 'clrk-nats' ? ['(not .Values.nats.url)'] : []),
    ...(metadata.name === clickhouse ? ['.Values.clickhouse.install'] : []),
    ...(kind === 'NetworkPolicy' ? ['.Values.networkPolicy.enabled'] : []),
    ...(kind === 'PodDisruptionBudget' ? ['.Values.podDisruptionBudget.enabled'] : []),
  ];
  return conditions.length < 2 ? conditions[0] : `and ${conditions.join(' ')}`;
}

function openSettings(template: TemplateObject): void {
  template.mark(['data', 'natsUrl'], 'include "clrk.natsUrl" .', 'quoted');
  template.mark(['data', 'clickhouseUrl'], 'include "clrk.clickhouseUrl" .', 'optionalQuoted');
  const user = `ternary "${clickhouseUser}" "" .Values.clickhouse.install`;
  template.mark(['data', 'clickhouseUser'], user, 'optionalQuoted');
  template.mark(['data', 'platformCidrs'], 'join "," .Values.platformCidrs', 'optionalQuoted');
  for (const [name, value] of [
    ['logRetentionDays', 'logDays'],
    ['traceRetentionDays', 'traceDays'],
    ['invocationRetentionDays', 'invocationDays'],
  ] as const)
    template.mark(['data', name], `.Values.telemetry.retention.${value}`, 'optionalQuoted');
}

function manifestsOf(chart: Chart): (Manifest & Tree)[] {
  return (chart.toJson() as (Manifest & Tree)[]).filter(({ kind }) => kind !== 'Namespace');
}

/** `withClickhouse`: the same platform with a ClickHouse of its own, whose objects are a value away. */
export function platformChartFiles(chart: Chart, withClickhouse: Chart): ChartFiles {
  const optional = manifestsOf(withClickhouse).filter(({ metadata }) => metadata.name === clickhouse);
  const manifests = [...manifestsOf(chart), ...optional];
  const objects = new Map(manifests.map((each) => [`${each.kind}/${each.metadata.name}`, each]));
  const values = chartValues({ repository });
  const files = new Map([
    ['Chart.yaml', chartYaml('clrk', 'Runs LLM agents in sandboxes, behind a gateway that holds their keys')],
    ['values.yaml', valuesYaml(values, objects)],
    ['values.schema.json', valuesSchema(values)],
    ['templates/_helpers.tpl', helpers],
    ['templates/NOTES.txt', notes],
    ['templates/PodMonitor.clrk.yaml', podMonitor],
  ]);
  for (const [id, object] of objects) {
    const template = new TemplateObject(object);
    for (const { name, placements } of values) {
      const here = placements.filter(({ object: target }) => target === id);
      for (const { field, as } of here) template.mark(field, `.Values.${name}`, as);
    }
    template.markText(platformImage, 'include "clrk.image" .');
    template.markText(systemNamespace, '.Release.Namespace');
    if (id === 'ConfigMap/clrk-platform') openSettings(template);
    files.set(`templates/${id.replace('/', '.')}.yaml`, template.render(conditionOf(object)));
  }
  return files;
}
