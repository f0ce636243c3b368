/**
 * The values of the Helm chart as data: what a user may set, what it means, and which field of which object it becomes.
 * Defaults are read from the very objects of dist/platform wherever the field is there, so that the chart's default
 * rendering cannot differ from them.
 */
import { retentionDays } from '../system-names.ts';

export type FieldPath = readonly (string | number)[];

/** How a value gets into a field: as it is, quoted, as YAML; `optional…` leave the field out while it is empty. */
export type Rendering = 'plain' | 'quoted' | 'yaml' | 'optionalQuoted' | 'optionalYaml';

export interface Placement {
  /** `Kind/name`. */
  readonly object: string;
  readonly field: FieldPath;
  readonly as: Rendering;
}

export interface ChartValue {
  /** Dotted path in values.yaml. */
  readonly name: string;
  readonly comment: string;
  /** JSON schema of the value. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Where no object has it; required for the optional ones. */
  readonly initial?: unknown;
  readonly placements: readonly Placement[];
}

const text = { type: 'string' };
const map = { type: 'object' };
const list = { type: 'array' };
const quantity = { type: ['string', 'integer'] };
const pod: FieldPath = ['spec', 'template', 'spec'];
const container: FieldPath = [...pod, 'containers', 0];

interface Part {
  readonly name: 'operator' | 'ingress' | 'telemetry' | 'nats' | 'clickhouse';
  readonly object: string;
  /** More than one may run. */
  readonly scales: boolean;
}

const roles: readonly Part[] = [
  { name: 'operator', object: 'Deployment/clrk-operator', scales: true },
  { name: 'ingress', object: 'Deployment/clrk-ingress', scales: true },
  { name: 'telemetry', object: 'Deployment/clrk-telemetry', scales: false },
];
const nats: Part = { name: 'nats', object: 'StatefulSet/clrk-nats', scales: false };
const clickhouse: Part = { name: 'clickhouse', object: 'StatefulSet/clrk-clickhouse', scales: false };
const parts = [...roles, nats, clickhouse];

function valuesOfPart({ name, object, scales }: Part): ChartValue[] {
  const optional = (key: string, comment: string, schema: object, initial: unknown): ChartValue => ({
    name: `${name}.${key}`,
    comment,
    schema: { ...schema },
    initial,
    placements: [{ object, field: [...pod, key], as: schema === text ? 'optionalQuoted' : 'optionalYaml' }],
  });
  const replicas: ChartValue = {
    name: `${name}.replicas`,
    comment: name === 'operator' ? 'Pods; one leads, the others stand by.' : 'Pods; all of them serve.',
    schema: { type: 'integer', minimum: 0 },
    placements: [{ object, field: ['spec', 'replicas'], as: 'plain' }],
  };
  const affinity: ChartValue = {
    name: `${name}.affinity`,
    comment: 'Scheduling rules, as in a pod; replicas spread over nodes where there are several.',
    schema: map,
    placements: [{ object, field: [...pod, 'affinity'], as: 'yaml' }],
  };
  return [
    ...(scales ? [replicas] : []),
    {
      name: `${name}.resources`,
      comment: 'Requests and limits of the container.',
      schema: map,
      placements: [{ object, field: [...container, 'resources'], as: 'yaml' }],
    },
    {
      name: `${name}.podAnnotations`,
      comment: 'Annotations of the pods.',
      schema: { type: 'object', additionalProperties: text },
      initial: {},
      placements: [{ object, field: ['spec', 'template', 'metadata', 'annotations'], as: 'optionalYaml' }],
    },
    {
      name: `${name}.serviceAccountAnnotations`,
      comment: 'Annotations of the ServiceAccount (cloud identities).',
      schema: { type: 'object', additionalProperties: text },
      initial: {},
      placements: [
        { object: `ServiceAccount/clrk-${name}`, field: ['metadata', 'annotations'], as: 'optionalYaml' },
      ],
    },
    optional('nodeSelector', 'Nodes it may run on, by label.', map, {}),
    optional('tolerations', 'Taints it accepts.', list, []),
    scales ? affinity : optional('affinity', 'Scheduling rules, as in a pod.', map, {}),
    optional('topologySpreadConstraints', 'How replicas spread, as in a pod.', list, []),
    optional('priorityClassName', 'PriorityClass of the pods.', text, ''),
  ];
}

const claims = {
  telemetry: { object: 'PersistentVolumeClaim/clrk-telemetry', spec: ['spec'] },
  nats: { object: 'StatefulSet/clrk-nats', spec: ['spec', 'volumeClaimTemplates', 0, 'spec'] },
  clickhouse: {
    object: 'StatefulSet/clrk-clickhouse',
    spec: ['spec', 'volumeClaimTemplates', 0, 'spec'],
  },
} as const;

function storageOf(name: keyof typeof claims, least: string): ChartValue[] {
  const { object, spec } = claims[name];
  return [
    {
      name: `${name}.storage.size`,
      comment: `Size of its volume${least}.`,
      schema: quantity,
      placements: [{ object, field: [...spec, 'resources', 'requests', 'storage'], as: 'quoted' }],
    },
    {
      name: `${name}.storage.className`,
      comment: 'StorageClass of its volume. Empty: the cluster’s default.',
      schema: text,
      initial: '',
      placements: [{ object, field: [...spec, 'storageClassName'], as: 'optionalQuoted' }],
    },
  ];
}

/** Used by templates that are written by hand (helpers, conditions, monitors). */
function free(name: string, comment: string, schema: object, initial: unknown): ChartValue {
  return { name, comment, schema: { ...schema }, initial, placements: [] };
}

function retention(
  key: string,
  what: string,
  { most, initial }: { readonly most: number; readonly initial: number },
): ChartValue {
  return free(
    `telemetry.retention.${key}`,
    `Days that ${what} are kept, ${most} at most; restart telemetry after a change. 0: as the store has it, ${initial} in a new one.`,
    { type: 'integer', minimum: 0, maximum: most },
    0,
  );
}

export function chartValues(image: { readonly repository: string }): readonly ChartValue[] {
  const everyPart = (key: string, field: FieldPath, as: Rendering, which = parts): Placement[] =>
    which.map(({ object }) => ({ object, field: [...field, key], as }));
  return [
    free('image.repository', 'Image of all roles, without a tag.', text, image.repository),
    free('image.tag', 'Tag of the image. Empty: the version of the chart.', text, ''),
    free('image.digest', 'Digest (sha256:…) of the image; it wins over the tag.', text, ''),
    {
      name: 'image.pullPolicy',
      comment: 'When nodes pull the images.',
      schema: { enum: ['Always', 'IfNotPresent', 'Never'] },
      placements: everyPart('imagePullPolicy', container, 'plain'),
    },
    {
      name: 'imagePullSecrets',
      comment: 'Secrets to pull the images with: a list of {name}.',
      schema: list,
      initial: [],
      placements: everyPart('imagePullSecrets', pod, 'optionalYaml'),
    },
    free(
      'platformCidrs',
      'Networks of this cluster that no agent may ever reach, whatever a policy says (nodes, control plane).',
      { type: 'array', items: text },
      [],
    ),
    ...roles.flatMap(valuesOfPart),
    {
      name: 'ingress.service.type',
      comment: 'Type of the Service callers use.',
      schema: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
      placements: [{ object: 'Service/clrk-ingress', field: ['spec', 'type'], as: 'plain' }],
    },
    {
      name: 'ingress.service.annotations',
      comment: 'Annotations of the Service (load balancers).',
      schema: { type: 'object', additionalProperties: text },
      initial: {},
      placements: [
        { object: 'Service/clrk-ingress', field: ['metadata', 'annotations'], as: 'optionalYaml' },
      ],
    },
    ...storageOf('telemetry', ''),
    retention('logDays', 'log records', retentionDays.logs),
    retention('traceDays', 'spans', retentionDays.traces),
    retention('invocationDays', 'ended invocations', retentionDays.invocations),
    free(
      'clickhouse.url',
      'A ClickHouse server, http(s)://host:port. Empty: the embedded engine on telemetry’s volume. With a password, put the URL into key clickhouse-url of Secret clrk-platform-auth instead.',
      { type: 'string', pattern: '^(https?://[^@]*)?$' },
      '',
    ),
    free(
      'clickhouse.install',
      'Bring a ClickHouse server along (a StatefulSet with a volume) instead of the embedded engine.',
      { type: 'boolean' },
      false,
    ),
    {
      name: 'clickhouse.image',
      comment: 'Image of that server.',
      schema: text,
      placements: [{ object: clickhouse.object, field: [...container, 'image'], as: 'quoted' }],
    },
    ...valuesOfPart(clickhouse),
    ...storageOf('clickhouse', ''),
    free(
      'nats.url',
      'A NATS of your own (operator, accounts and JetStream as in Secret clrk-nats-resolver). Empty: one is installed.',
      { type: 'string', pattern: '^((nats|tls)://[^@]*)?$' },
      '',
    ),
    {
      name: 'nats.image',
      comment: 'Image of nats-server.',
      schema: text,
      placements: [{ object: 'StatefulSet/clrk-nats', field: [...container, 'image'], as: 'quoted' }],
    },
    ...valuesOfPart(nats),
    ...storageOf('nats', ', 5Gi at least'),
    free(
      'networkPolicy.enabled',
      'Network policies of the platform: deny, then open what each part needs. Workers and gateways always have theirs.',
      { type: 'boolean' },
      true,
    ),
    free(
      'podDisruptionBudget.enabled',
      'At most one pod of a part at a time goes for maintenance.',
      { type: 'boolean' },
      true,
    ),
    free(
      'monitoring.podMonitor.enabled',
      'A PodMonitor for the Prometheus Operator, for all roles.',
      { type: 'boolean' },
      false,
    ),
    free('monitoring.podMonitor.labels', 'Labels by which your Prometheus finds it.', map, {}),
    free('monitoring.podMonitor.interval', 'Time between two scrapes.', text, '30s'),
  ];
}
