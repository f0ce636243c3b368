/**
 * The environment variables and ports of our processes: what Deployments set and roles read. Apart because operator
 * (writes them), node agent (fills them) and roles (parse them) must agree. Secrets never travel here.
 */
export const environment = {
  podName: 'POD_NAME',
  podNamespace: 'POD_NAMESPACE',
  podIp: 'POD_IP',
  logLevel: 'CLRK_LOG_LEVEL',
  /** Name of the Secret (in POD_NAMESPACE) that holds the role's config document. */
  configSecret: 'CLRK_CONFIG_SECRET',
  /** Kubeconfig file; absent: in-cluster service account. */
  kubeconfig: 'KUBECONFIG',
  poolName: 'CLRK_POOL_NAME',
  gatewayName: 'CLRK_GATEWAY_NAME',
  /** Gateway: processes that serve; never more than there are processors. Unset: 1. */
  gatewayProcesses: 'CLRK_GATEWAY_PROCESSES',
  /** Worker directories: images and layers (cache), runtime (sockets, bundles), agent state. */
  imageDir: 'CLRK_IMAGE_DIR',
  runDir: 'CLRK_RUN_DIR',
  stateDir: 'CLRK_STATE_DIR',
  /** Path of runsc; absent: looked up in PATH. */
  runsc: 'CLRK_RUNSC',
  /** Telemetry: directory with the Secret clrk-platform-auth (files named as in `platformAuthKeys`). */
  platformAuthDir: 'CLRK_PLATFORM_AUTH_DIR',
  /** Telemetry: directory with the Secret clrk-telemetry-tls. */
  telemetryTlsDir: 'CLRK_TELEMETRY_TLS_DIR',
  natsUrl: 'CLRK_NATS_URL',
  /** Operator: the endpoint it hands to data planes. */
  otlpEndpoint: 'CLRK_OTLP_ENDPOINT',
  /** Operator: comma-separated CIDRs of the platform itself (pods, services, API server), never open to agents. */
  platformCidrs: 'CLRK_PLATFORM_CIDRS',
  /** Operator: image of the gateway Deployment (workers name theirs in the WorkerPool). */
  platformImage: 'CLRK_PLATFORM_IMAGE',
  /** Operator: comma-separated registry hosts spoken to over plain HTTP (development). */
  insecureRegistries: 'CLRK_INSECURE_REGISTRIES',
  /** Telemetry: embedded data directory, or a server URL instead. */
  dataDir: 'CLRK_DATA_DIR',
  clickhouseUrl: 'CLRK_CLICKHOUSE_URL',
  /** Set: telemetry signs in as this user, with the password of its Secret (`platformAuthKeys.clickhousePassword`). */
  clickhouseUser: 'CLRK_CLICKHOUSE_USER',
  /** Telemetry: most bytes of the invocation stream, and what it does when it is full: `refuse` or `forget`. */
  streamBytes: 'CLRK_STREAM_BYTES',
  streamFull: 'CLRK_STREAM_FULL',
  /** Telemetry: days that records are kept (record-retention.ts); unset: as the tables have it. */
  logRetentionDays: 'CLRK_LOG_RETENTION_DAYS',
  traceRetentionDays: 'CLRK_TRACE_RETENTION_DAYS',
  invocationRetentionDays: 'CLRK_INVOCATION_RETENTION_DAYS',
} as const;

/** Where each role listens on POD_IP. */
export const ports = {
  /** /healthz, /readyz, /metrics of every role. */
  health: 8083,
  ingressHttp: 8080,
  workerDispatch: 8090,
  egressFrame: 8095,
  otlpHttp: 4318,
  /** NATS in a cluster. */
  nats: 4222,
  /** ClickHouse in a cluster, where the platform brings its own: HTTP. */
  clickhouse: 8123,
  /** Telemetry's read API (logs, traces, invocations). */
  telemetryApi: 8097,
  /** Telemetry's aggregated API server, behind the cluster's own. */
  aggregatedApi: 8098,
} as const;

/** The system namespace and the Secret with telemetry's credentials (made by the operator or `clrk dev`). */
export const systemNamespace = 'clrk-system';
export const platformAuthSecret = 'clrk-platform-auth';
/** What the NATS of a cluster runs with; the operator derives it from the credentials. */
export const natsConfigSecret = 'clrk-nats-resolver';
export const natsConfigKey = 'nats.json';
/** Files beside it, and where its StatefulSet mounts them. */
export const natsTlsKeys = { certificate: 'tls.crt', privateKey: 'tls.key' } as const;
export const natsConfigDir = '/etc/clrk/nats';
/** Where its StatefulSet mounts the volume. */
export const natsStoreDir = '/var/lib/clrk/nats';
/** The root every NATS identity and OTLP token is derived from: the operator's alone, mounted nowhere. */
export const platformKeysSecret = 'clrk-platform-keys';
export const platformRootKey = 'root';
export const platformRootBytes = 32;
/** CA of the platform's own servers and of dispatch certificates. */
export const controlPlaneCaSecret = 'clrk-control-plane-ca';
/** Group and version of the cluster's API in which records are read. */
export const recordsGroup = 'telemetry.clrk.apoxy.dev';
export const recordsVersion = 'v1alpha1';
export const recordsGroupVersion = `${recordsGroup}/${recordsVersion}` as const;
/** By it the cluster's API serves them. */
export const aggregatedApiService = `${recordsVersion}.${recordsGroup}`;
/** Group and version in which figures of records are read. */
export const metricsGroup = 'metrics.clrk.apoxy.dev';
export const metricsGroupVersion = `${metricsGroup}/${recordsVersion}` as const;
export const metricsApiService = `${recordsVersion}.${metricsGroup}`;
/** Telemetry's server certificate, with `ca.crt`. */
export const telemetryTlsSecret = 'clrk-telemetry-tls';
/** What telemetry is given: files of the Secret clrk-platform-auth. */
export const platformAuthKeys = {
  reader: 'telemetry-reader',
  /** Telemetry's, of the ClickHouse that the platform brings itself. */
  clickhousePassword: 'clickhouse-password',
  /** Optional, a person's: a ClickHouse server's URL with its user and password. */
  clickhouseUrl: 'clickhouse-url',
  natsJwt: 'nats-telemetry.jwt',
  natsSeed: 'nats-telemetry.seed',
  /** Base64: what OTLP tokens are checked with. */
  otlpKey: 'otlp.key',
} as const;
/** Every key of the Secret that is random; the others are derived from the root. */
export const platformAuthNames: readonly string[] = [
  platformAuthKeys.reader,
  platformAuthKeys.clickhousePassword,
];
/** Header that carries the reader token through the API server's service proxy (which drops Authorization). */
export const readerTokenHeader = 'x-clrk-authorization';
/** Image that Deployments of the platform name; the local node agent runs no other. */
export const platformImage = 'clrk.apoxy.dev/clrk:0.1.0';
