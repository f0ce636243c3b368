/**
 * The operator without its process: caches, controllers and the data planes' status wired together over interfaces,
 * so that a test runs the very same thing against its own API server and its own words of the data planes.
 */
import { randomBytes } from 'node:crypto';
import { ClrkError, type ApprovalReply } from '../contract/index.ts';
import type { NatsCredential } from '../pki/index.ts';
import { monotonicMs, type Log, type NatsAccess } from '../process/index.ts';
import { isLive, poolsOfAgent, type PlatformSettings } from './compile/index.ts';
import type { Context, ControllerSpec } from './context.ts';
import { answerReport } from './approval/report.ts';
import { Asks, type Asker } from './approval/asks.ts';
import { clrkConfigKey } from './clrkconfig/status.ts';
import { controlPlaneKey } from './controlplane/controller.ts';
import { controllerSpecs } from './controllers.ts';
import { diffStatus, type DataPlaneStatus, type StatusSnapshot } from './data-plane-status.ts';
import { withEnforcement } from './enforcement.ts';
import { identitiesKey } from './identities/controller.ts';
import { ingressKeys } from './ingress/controller.ts';
import { kinds } from './kind.ts';
import { judgeObject, reportMalformed } from './malformed.ts';
import { controlPlaneCa } from './platform.ts';
import { dayBudgets, gatewaysOf } from './aiproviderroute/budget-marks.ts';
import { tellDeadEvent } from './events/dead-event.ts';
import type { ClaimsSink } from './nats-claims.ts';
import type { DeadEvent } from './nats-events.ts';
import { ProgrammedConfigs } from './programmed-config.ts';
import {
  Applier,
  Controller,
  EventRecorder,
  Manager,
  Sieve,
  splitKey,
  type KubeApi,
  type LeaderTimes,
  type Metrics,
  type ReconcileResult,
  type Resource,
} from './runtime/index.ts';

export interface OperatorOptions {
  readonly api: KubeApi;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Where the leader election Lease lives. */
  readonly namespace: string;
  readonly identity: string;
  /** Wall clock: for what is shown. */
  readonly now: () => number;
  readonly settings: () => PlatformSettings;
  readonly dataPlanes: DataPlaneStatus;
  readonly claims: ClaimsSink;
  readonly signal: AbortSignal;
  readonly times?: LeaderTimes;
}

// Load figures in status are for people: a slow beat spares the API server and every GitOps tool that watches.
const statusBeatMs = 1_000;

export class Operator {
  readonly #options: OperatorOptions;
  readonly #manager: Manager;
  readonly #controllers = new Map<string, Controller>();
  readonly #sieve = new Sieve(judgeObject);
  readonly #asks = new Asks(monotonicMs);
  #recorder: EventRecorder | undefined;
  #seen: StatusSnapshot = { workers: [], gateways: [], ingresses: [] };

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#manager = new Manager({ ...options, now: monotonicMs, sieve: this.#sieve });
    const programmed = new ProgrammedConfigs();
    for (const kind of Object.values(kinds)) this.#manager.watch(kind);
    for (const spec of controllerSpecs) this.#add(spec, programmed);
    programmed.onLeftOut((agent) => {
      for (const kind of ['taskagent', 'daemonagent']) this.#enqueue(kind, agent);
    });
    this.#sieve.onMisfit((resource, key) => this.#enqueue(resource.kind.toLowerCase(), key));
    this.#enqueue('controlplane', controlPlaneKey);
    this.#enqueue('identities', identitiesKey);
    for (const key of ingressKeys) this.#enqueue('ingress', key);
  }

  /** Runs until the signal aborts or leadership is lost; true when it was lost. */
  async run(): Promise<boolean> {
    return await this.#manager.run();
  }

  notReady(): string | undefined {
    return this.#manager.notReady();
  }

  observeAges(): void {
    this.#manager.observeAges();
  }

  /** How this process itself reaches NATS. Throws while there is no CA to trust. */
  natsAccess(): NatsAccess {
    return this.#access(this.#options.settings().keys.natsUser({ role: 'operator' }));
  }

  /** The same for pushing claims. */
  claimsAccess(): NatsAccess {
    return this.#access(this.#options.settings().keys.natsClaimsUser());
  }

  /** What a gateway asks of persons; undefined: another process answers, or nobody does now. */
  answerGateway(asker: Asker, text: string): ApprovalReply | 'malformed' | undefined {
    if (!this.#manager.isLeading) return undefined;
    const world = { world: this.#manager.world, asks: this.#asks, now: this.#options.now() };
    return answerReport(world, asker, text, (key) => this.#enqueue('approval', key));
  }

  /** An event an agent could not take is told on the agent. */
  eventGivenUp(dead: DeadEvent): void {
    if (!this.#manager.isLeading) return;
    const { identity: instance, log, now } = this.#options;
    this.#recorder ??= new EventRecorder({
      api: this.#manager.writer,
      controller: 'events',
      instance,
      log,
      now,
    });
    tellDeadEvent(this.#manager.world, this.#recorder, dead);
  }

  /** NATS is there again, perhaps as it once was. */
  claimsLost(): void {
    this.#enqueue('identities', identitiesKey);
  }

  #access(credential: NatsCredential): NatsAccess {
    const { settings } = this.#options;
    const ca = controlPlaneCa({ world: this.#manager.world, settings });
    if (ca === undefined) {
      throw new ClrkError('PLATFORM_CA_MISSING', 'the platform has no CA yet', { retryable: true });
    }
    return { url: settings().natsUrl, ...credential, caPem: ca.certificatePem };
  }

  /** Settings changed (a rotated root): everything is compiled again. */
  settingsChanged(): void {
    this.#enqueue('controlplane', controlPlaneKey);
    this.#enqueue('identities', identitiesKey);
    for (const key of ingressKeys) this.#enqueue('ingress', key);
    this.#manager.resync();
  }

  /** Data planes said something, or fell silent: look again at what it concerns. */
  statusChanged(): void {
    const { dataPlanes } = this.#options;
    const now: StatusSnapshot = {
      workers: [...dataPlanes.workers()],
      gateways: [...dataPlanes.gateways()],
      ingresses: [...dataPlanes.ingresses()],
      recordRoom: dataPlanes.recordRoom(),
    };
    const diff = diffStatus(this.#seen, now);
    this.#seen = now;
    if (diff.recordRoom) this.#enqueue('clrkconfig', clrkConfigKey(this.#options.settings().systemNamespace));
    for (const key of diff.gateways) this.#enqueue('egressgateway', key);
    for (const key of this.#countingRoutes(diff.counting)) this.#enqueue('aiproviderroute', key);
    for (const key of diff.revisions) this.#enqueue('agentsandboxrevision', key);
    for (const key of diff.pools) this.#enqueue('workerpool', key, statusBeatMs);
    for (const key of diff.agents) this.#enqueue('taskagent', key, statusBeatMs);
    for (const key of diff.daemons) this.#enqueue('daemonagent', key, statusBeatMs);
    for (const key of this.#waitingAgents(diff)) this.#enqueue('taskagent', key);
  }

  /** Routes that may have a budget which one of these gateways counts: those that share it may be attached elsewhere. */
  #countingRoutes(gateways: ReadonlySet<string>): string[] {
    if (gateways.size === 0) return [];
    const { world } = this.#manager;
    const routes = world.list(kinds.aiProviderRoute).filter((route) => dayBudgets(route).length > 0);
    const attached = routes.filter((route) =>
      gatewaysOf(world, route).some(({ namespace, name }) => gateways.has(`${namespace}/${name}`)),
    );
    const namespaces = new Set(attached.map(({ metadata }) => metadata.namespace));
    return routes
      .filter(({ metadata }) => namespaces.has(metadata.namespace))
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  }

  /** Agents whose readiness waits for a config to arrive at a worker or the ingress. */
  #waitingAgents(diff: { readonly pools: ReadonlySet<string>; readonly ingress: boolean }): string[] {
    if (diff.pools.size === 0 && !diff.ingress) return [];
    return this.#manager.world
      .list(kinds.taskAgent)
      .filter((agent) => {
        const ready = agent.status?.conditions?.find((condition) => condition.type === 'Ready');
        if (ready?.status === 'True') return false;
        const runsOn = (pool: string): boolean => diff.pools.has(`${agent.metadata.namespace}/${pool}`);
        return diff.ingress || poolsOfAgent(this.#manager.world, agent).some(runsOn);
      })
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  }

  /** What was set aside of a kind is reported by its controller and by no other. */
  async #reconcile(
    spec: ControllerSpec,
    kind: Resource,
    context: Context,
    key: string,
  ): Promise<ReconcileResult> {
    if (this.#isGoing(key)) return {};
    const misfit = this.#sieve.misfit(kind, key);
    if (misfit === undefined) return await spec.reconcile(context, key);
    await reportMalformed(context, kind, misfit);
    return {};
  }

  /** In a namespace that is being deleted nothing can be made, and what is written of it is read by nobody. */
  #isGoing(key: string): boolean {
    const namespace = this.#manager.world.get(kinds.namespace, undefined, splitKey(key).namespace);
    return namespace !== undefined && !isLive(namespace);
  }

  #enqueue(controller: string, key: string, delayMs = 0): void {
    this.#controllers.get(controller)?.enqueue(key, delayMs);
  }

  #add(spec: ControllerSpec, programmed: ProgrammedConfigs): void {
    const { log, metrics, now, identity, settings, dataPlanes, claims } = this.#options;
    const { world, writer: api } = this.#manager;
    const context: Context = {
      world,
      api,
      log,
      now,
      randomBytes,
      settings,
      dataPlanes,
      programmed,
      claims,
      asks: this.#asks,
      applier: new Applier(api, `clrk-operator-${spec.name}`, (resource, object, status) =>
        withEnforcement(resource, object, status, now()),
      ),
      events: new EventRecorder({ api, controller: spec.name, instance: identity, log, now }),
    };
    // A controller is named as its kind is. The keys of the others name no object: their first part is nobody's namespace.
    const kind = Object.values(kinds).find((each) => each.kind.toLowerCase() === spec.name);
    const controller = new Controller({
      name: spec.name,
      concurrency: spec.concurrency,
      reconcile: async (key) =>
        kind === undefined
          ? await spec.reconcile(context, key)
          : await this.#reconcile(spec, kind, context, key),
      metrics,
      log,
      now: monotonicMs,
    });
    this.#controllers.set(spec.name, controller);
    this.#manager.addController(controller);
    for (const { resource, keysOf, delayMs = 0 } of spec.watches) {
      this.#manager.on({ controller, resource, delayMs, keysOf: (change) => keysOf(world, change) });
    }
  }
}
