/**
 * Names and numbers of an installation that manifests and processes share. The processes' side is contract/, which apps
 * may not import (folder table); test/apps/system-names.test.ts holds the two together.
 */
export const systemNamespace = 'clrk-system';
export const platformImage = 'clrk.apoxy.dev/clrk:0.1.0';
export const platformVersion = '0.1.0';
/** The publisher's image of the server that local/ pins. */
export const natsImage = 'docker.io/library/nats:2.12.0';
/** The publisher's long-term release that the store is tested for (chdb embeds the same engine). */
export const clickhouseImage = 'docker.io/clickhouse/clickhouse-server:25.8';
/** Made by the operator, never in git: credentials a role, and what NATS runs with. */
export const platformAuthSecret = 'clrk-platform-auth';
export const natsConfigSecret = 'clrk-nats-resolver';
export const natsConfigKey = 'nats.json';
export const natsConfigDir = '/etc/clrk/nats';
/** Telemetry's server certificate and the CA it trusts NATS by. */
export const telemetryTlsSecret = 'clrk-telemetry-tls';
export const natsStoreDir = '/var/lib/clrk/nats';
export const clickhouseUser = 'clrk';
export const clickhouseConfigSecret = 'clrk-clickhouse-config';
export const clickhouseConfigDir = '/etc/clrk/clickhouse';
export const clickhouseStoreDir = '/var/lib/clrk/clickhouse';
/** By it the cluster's API serves records. */
export const aggregatedApiService = 'v1alpha1.telemetry.clrk.apoxy.dev';
/** And the figures made of them. */
export const metricsApiService = 'v1alpha1.metrics.clrk.apoxy.dev';
/** Addresses of this installation. */
export const platformSettings = 'clrk-platform';
export const ingressConfigSecret = 'clrk-ingress-settings';
/** Shards of agents, by number. */
export const ingressShardSecrets: readonly string[] = Array.from(
  { length: 16 },
  (_, shard) => `clrk-ingress-agents-${shard}`,
);

export const ports = {
  health: 8083,
  ingressHttp: 8080,
  otlpHttp: 4318,
  nats: 4222,
  clickhouse: 8123,
  telemetryApi: 8097,
  aggregatedApi: 8098,
} as const;

export const variables = {
  podName: 'POD_NAME',
  podNamespace: 'POD_NAMESPACE',
  podIp: 'POD_IP',
  configSecret: 'CLRK_CONFIG_SECRET',
  platformAuthDir: 'CLRK_PLATFORM_AUTH_DIR',
  telemetryTlsDir: 'CLRK_TELEMETRY_TLS_DIR',
  natsUrl: 'CLRK_NATS_URL',
  platformCidrs: 'CLRK_PLATFORM_CIDRS',
  insecureRegistries: 'CLRK_INSECURE_REGISTRIES',
  platformImage: 'CLRK_PLATFORM_IMAGE',
  dataDir: 'CLRK_DATA_DIR',
  clickhouseUrl: 'CLRK_CLICKHOUSE_URL',
  clickhouseUser: 'CLRK_CLICKHOUSE_USER',
  streamBytes: 'CLRK_STREAM_BYTES',
  streamFull: 'CLRK_STREAM_FULL',
  logRetentionDays: 'CLRK_LOG_RETENTION_DAYS',
  traceRetentionDays: 'CLRK_TRACE_RETENTION_DAYS',
  invocationRetentionDays: 'CLRK_INVOCATION_RETENTION_DAYS',
} as const;

/** Days that records may be kept, and what a new installation begins with. */
export const retentionDays = {
  logs: { least: 1, most: 366, initial: 7 },
  traces: { least: 1, most: 366, initial: 7 },
  invocations: { least: 1, most: 3_650, initial: 90 },
} as const;

export const labels = {
  name: 'app.kubernetes.io/name',
  partOf: 'app.kubernetes.io/part-of',
  version: 'app.kubernetes.io/version',
  /** On everything the operator makes, pods of workers and gateways included. */
  managedBy: 'app.kubernetes.io/managed-by',
  managedByOperator: 'clrk-operator',
  /** `clrk dev` opens a port of this machine for such a Service. */
  expose: 'clrk.apoxy.dev/expose',
} as const;
