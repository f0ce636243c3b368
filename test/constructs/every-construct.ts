/** One of each construct with everything said that can be said: for the snapshots, and for the real API server. */
import { App, Chart, Duration, Size } from 'cdk8s';
import {
  AIProviderRoute,
  Backend,
  Budget,
  CLRKConfig,
  Cidr,
  Credential,
  CredentialInjectionPolicy,
  DaemonAgent,
  EgressDenyPolicy,
  EgressGateway,
  EgressHTTPRoute,
  EgressL4Route,
  EnvValue,
  EventTrigger,
  FallbackRoutingPolicy,
  Http,
  Identity,
  LoggingPolicy,
  MCPRoute,
  Port,
  Rate,
  RateLimitPolicy,
  Schedule,
  TaskAgent,
  Tools,
  WorkerPool,
} from '../../constructs/index.ts';

function pools(chart: Chart): WorkerPool {
  return new WorkerPool(chart, 'pool', {
    replicas: 3,
    image: 'registry.example.com/clrk:1',
    maxExecutionsPerWorker: 20,
    imagePullPolicy: 'Always',
    imagePullSecrets: [{ name: 'registry' }],
    serviceAccountName: 'workers',
    nodeSelector: { sandbox: 'yes' },
    tolerations: [{ key: 'sandbox', operator: 'Exists', effect: 'NoSchedule' }],
    affinity: { nodeAffinity: {} },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} },
    ],
    priorityClassName: 'high',
    resources: { requests: { cpu: '2' }, limits: { memory: '8Gi' } },
    workerEnv: { CLRK_LOG_LEVEL: 'debug' },
    podLabels: { team: 'agents' },
    podAnnotations: { note: 'x' },
    volumes: [{ name: 'ca', mountPath: '/opt/ca', source: { configMap: { name: 'ca' } }, readOnly: true }],
  });
}

function gateways(chart: Chart): EgressGateway {
  return new EgressGateway(chart, 'gateway', {
    defaultPolicy: 'deny-all',
    onUnlisted: 'Ask',
    listeners: [
      { name: 'https', protocol: 'HTTPS', port: 443, ca: { name: 'own-ca' }, routesFrom: 'All' },
      { name: 'tls', protocol: 'TLS', port: 8443, tls: 'Terminate', routesFrom: { team: 'a' } },
      { name: 'rest', protocol: 'TCP' },
    ],
    additionalTrustBundle: { name: 'ca' },
    hostAliases: [{ ip: '192.0.2.1', hostnames: ['api.example.com'] }],
    requestTimeout: Duration.minutes(2),
    lookupFamily: 'V4Only',
    otlp: {
      endpoint: 'https://otel.example.com',
      headers: { tenant: 'a' },
      secretHeaders: [{ name: 'authorization', secret: { name: 'otel', key: 'key' }, prefix: 'Bearer ' }],
    },
    captureBody: { maxSize: Size.kibibytes(16), contentTypes: ['application/json'] },
    resources: { requests: { cpu: '1', memory: '512Mi' }, limits: { cpu: '2', memory: '2Gi' } },
  });
}

function routes(chart: Chart, gateway: EgressGateway): void {
  const rateLimit = new RateLimitPolicy(chart, 'slow', { rate: Rate.perMinute(60).counted('PerExecution') });
  const sink = gateway.addSink('archive', {
    endpoint: 'https://archive.example.com',
    headers: { tenant: 'a' },
    secretHeaders: [{ name: 'authorization', secret: { name: 'archive', key: 'key' }, prefix: 'Bearer ' }],
  });
  const logging = new LoggingPolicy(chart, 'quiet', {
    sink,
    captureRequest: false,
    captureResponse: true,
    redactHeaders: ['X-Customer'],
  });
  const [main, spare] = (['main', 'spare'] as const).map(
    (id) => new Backend(chart, id, { schema: 'openai', host: `${id}.example.com`, ensureStreamUsage: true }),
  ) as [Backend, Backend];
  main.addModelRewrite('gpt-*', 'llama');
  const local = new Backend(chart, 'local', { schema: 'openai', scheme: 'http', host: 'vllm.models.svc' });
  const models = new AIProviderRoute(chart, 'models', {
    gateways: [gateway],
    rules: [
      {
        matches: [{ provider: 'openai', models: ['gpt-4o*'], endpoints: ['/v1/chat/*'] }],
        backends: [{ backend: main, weight: 3 }, { backend: spare }, { backend: local }],
        budget: Budget.perDay(1_000).perExecution(100).perRequest(10).sharedAs('team'),
        rateLimit,
        logging,
      },
    ],
  });
  const credential = Credential.header('x-api-key', { name: 'spare', key: 'k' }, { prefix: 'Key ' });
  new CredentialInjectionPolicy(chart, 'spare-key', { credential }).addTarget(models, { backend: spare });
  new FallbackRoutingPolicy(chart, 'fallback', {
    targets: [models],
    retries: 2,
    retriableStatusCodes: [429, 500],
    perTryTimeout: Duration.millis(1_500),
    maxEjectionTime: Duration.minutes(1),
  });
  new MCPRoute(chart, 'tools', {
    gateways: [gateway],
    hosts: ['mcp.example.com', '*.mcp.example.org'],
    denyServerRequests: ['Sampling', 'Other'],
    rules: [
      {
        matches: [
          {
            servers: ['mcp.example.com'],
            tools: ['get_*'],
            resources: ['file:///docs/*'],
            methods: ['tools/*'],
          },
        ],
        tools: Tools.allow('get_*')
          .allowMatching('^read_[a-z]+$')
          .deny('get_secret*')
          .denyMatching('_admin$')
          .confirm('get_all')
          .where('arguments.id.startsWith("a-")', 'get_*')
          .unless('size(arguments.text) > 99')
          .atMost(20)
          .limit(Rate.perMinute(5).counted('PerRoute'), 'get_*'),
        rateLimit,
        logging,
      },
    ],
    credential: Credential.query('key', { name: 'mcp' }),
  });
  new EgressHTTPRoute(chart, 'github', {
    gateways: [gateway],
    hosts: ['api.github.com', '*.ghe.example.com'],
    ports: [443, 8443],
    agents: { team: 'a' },
    rules: [
      Http.get('/repos/{owner}/{repo}'),
      Http.post('/repos/acme/*/issues')
        .withQuery('type', 'bug')
        .withHeader('x-api-version', '1')
        .withBody('application/json')
        .atMost(Size.kibibytes(64)),
      Http.pattern(['GET'], '/v[0-9]+/events').asWebSocket(),
      Http.gitWrite('/acme/*'),
    ],
    logging,
    rateLimit,
    credential: Credential.bearer({ name: 'github' }),
  });
  const uploads = new EgressL4Route(chart, 'uploads', {
    gateways: [gateway],
    matches: [
      {
        hosts: ['uploads.example.com'],
        cidrs: [Cidr.of('10.1.0.0/16'), Cidr.address('2001:db8::1')],
        ports: [443, Port.tcpRange(8_000, 8_010)],
        agents: { team: 'a' },
        rateLimit,
        logging,
      },
    ],
  });
  new EgressDenyPolicy(chart, 'no-uploads', { targets: [uploads], statusCode: 451, message: 'closed' });
}

function agents(chart: Chart, pool: WorkerPool, gateway: EgressGateway): void {
  const shared = {
    image: 'registry.example.com/agent:1',
    pool,
    egress: [gateway],
    command: ['/agent'],
    args: ['-v'],
    env: { MODE: 'test', REGION: EnvValue.fromConfigMap({ name: 'settings' }, 'region') },
    cpu: 0.5,
    memory: Size.gibibytes(1),
    ephemeralStorage: Size.mebibytes(64),
    revision: { labels: { team: 'a' }, annotations: { note: 'x' } },
  };
  new TaskAgent(chart, 'task', {
    ...shared,
    timeout: Duration.minutes(2),
    maxConcurrent: 3,
    warmPoolSize: 2,
    warmPoolIdleTtl: Duration.minutes(1),
    schedule: Schedule.cron('*/5 8-18 * JAN,FEB MON-FRI'),
    scheduleInput: { prompt: 'report', list: [1, 2] },
    triggers: [EventTrigger.on('orders.*'), EventTrigger.on('mail.>', { maxDeliver: 3 })],
    identity: [
      Identity.header('user', 'X-User'),
      Identity.body('team', '$.team'),
      Identity.jwt('tenant', 'org_id'),
    ],
    state: { sizeLimit: Size.mebibytes(10), mountPath: '/data' },
    delivery: 'Metadata',
  }).addEnv('POD', EnvValue.fromField('metadata.name'));
  new TaskAgent(chart, 'resident', {
    ...shared,
    warmPoolSize: 1,
    warmPoolMode: 'Resident',
    reuse: { maxRuns: 50, maxAge: Duration.minutes(20) },
    delivery: 'Metadata',
  });
  new DaemonAgent(chart, 'daemon', {
    ...shared,
    restartPolicy: 'OnFailure',
    maxRestarts: 5,
    maxLifetime: Duration.hours(12),
  });
}

export function everyConstruct(namespace: string): Chart {
  const chart = new Chart(new App(), 'test', { namespace });
  const pool = pools(chart);
  const gateway = gateways(chart);
  routes(chart, gateway);
  agents(chart, pool, gateway);
  new CLRKConfig(chart, 'config', {
    systemNamespace: namespace,
    email: 'ops@example.com',
    eventRetention: Duration.days(30),
  });
  return chart;
}
