/** The operator's Prometheus metrics, under the names controller-runtime and client-go gave them (dashboards know). */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

// controller-runtime's own buckets, shortened to what a control loop shows.
const reconcileSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const queueSeconds = [1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000];

export class Metrics {
  readonly registry = new Registry();
  readonly reconciles: Counter<'controller' | 'result'>;
  readonly reconcileErrors: Counter<'controller'>;
  readonly terminalErrors: Counter<'controller'>;
  readonly reconcileTime: Histogram<'controller'>;
  readonly maxConcurrent: Gauge<'controller'>;
  readonly activeWorkers: Gauge<'controller'>;
  readonly queueDepth: Gauge<'name'>;
  readonly queueAdds: Counter<'name'>;
  readonly queueDuration: Histogram<'name'>;
  readonly workDuration: Histogram<'name'>;
  readonly queueRetries: Counter<'name'>;
  readonly unfinishedSeconds: Gauge<'name'>;
  readonly longestSeconds: Gauge<'name'>;
  readonly restRequests: Counter<'code' | 'method' | 'host'>;
  readonly leader: Gauge<'name'>;
  readonly refusedStatus: Counter;

  constructor() {
    const registers = [this.registry];
    const controller = ['controller'] as const;
    const name = ['name'] as const;
    const prefix = 'controller_runtime';
    this.reconciles = new Counter({
      name: `${prefix}_reconcile_total`,
      help: 'Reconciliations by controller and result',
      labelNames: ['controller', 'result'],
      registers,
    });
    this.reconcileErrors = new Counter({
      name: `${prefix}_reconcile_errors_total`,
      help: 'Reconciliations that failed',
      labelNames: controller,
      registers,
    });
    this.terminalErrors = new Counter({
      name: `${prefix}_terminal_reconcile_errors_total`,
      help: 'Reconciliations that failed and are not retried',
      labelNames: controller,
      registers,
    });
    this.reconcileTime = new Histogram({
      name: `${prefix}_reconcile_time_seconds`,
      help: 'Time a reconciliation takes',
      labelNames: controller,
      buckets: reconcileSeconds,
      registers,
    });
    this.maxConcurrent = new Gauge({
      name: `${prefix}_max_concurrent_reconciles`,
      help: 'Workers a controller may run',
      labelNames: controller,
      registers,
    });
    this.activeWorkers = new Gauge({
      name: `${prefix}_active_workers`,
      help: 'Workers now reconciling',
      labelNames: controller,
      registers,
    });
    this.queueDepth = new Gauge({
      name: 'workqueue_depth',
      help: 'Keys ready',
      labelNames: name,
      registers,
    });
    this.queueAdds = new Counter({
      name: 'workqueue_adds_total',
      help: 'Keys added',
      labelNames: name,
      registers,
    });
    this.queueDuration = new Histogram({
      name: 'workqueue_queue_duration_seconds',
      help: 'Time a key waits ready',
      labelNames: name,
      buckets: queueSeconds,
      registers,
    });
    this.workDuration = new Histogram({
      name: 'workqueue_work_duration_seconds',
      help: 'Time a key is worked on',
      labelNames: name,
      buckets: queueSeconds,
      registers,
    });
    this.queueRetries = new Counter({
      name: 'workqueue_retries_total',
      help: 'Rate-limited adds',
      labelNames: name,
      registers,
    });
    this.unfinishedSeconds = new Gauge({
      name: 'workqueue_unfinished_work_seconds',
      help: 'Sum of the ages of work under way',
      labelNames: name,
      registers,
    });
    this.longestSeconds = new Gauge({
      name: 'workqueue_longest_running_processor_seconds',
      help: 'Age of the oldest work under way',
      labelNames: name,
      registers,
    });
    this.refusedStatus = new Counter({
      name: 'clrk_operator_status_refused_total',
      help: 'Status records of data planes that were malformed or spoke for somebody else.',
      registers: [this.registry],
    });
    this.restRequests = new Counter({
      name: 'rest_client_requests_total',
      help: 'Calls to the Kubernetes API',
      labelNames: ['code', 'method', 'host'],
      registers,
    });
    this.leader = new Gauge({
      name: 'leader_election_master_status',
      help: '1 while this process leads',
      labelNames: name,
      registers,
    });
  }
}
