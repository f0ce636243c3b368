/**
 * The daemons of a worker's pool: which there are, what each is to be run with, and their end when the worker stops. Whether one runs
 * here is decided by its lease, one at a time, and by nothing in this file.
 */
import { randomUUID } from 'node:crypto';
import {
  agentId,
  composeInvocation,
  daemonLeaseKey,
  type DaemonHolder,
  type DaemonRunMark,
  type DaemonStatusWord,
  type Invocation,
  type PoolAgent,
} from '../../contract/index.ts';
import type { AdmittedImage } from '../dispatch/admitted-image.ts';
import type { PoolPolicy } from '../pool-policy.ts';
import { planKey } from '../sandbox/warm-pool.ts';
import { DaemonKeeper, type LeaseStore, type RunningInstance } from './daemon-keeper.ts';
import { DaemonRun, type DaemonRunListener, type DaemonRunOptions } from './daemon-run.ts';
import type { DaemonWant } from './daemon-state.ts';

type Revision = PoolAgent['revisions'][number];

export interface DaemonsOptions {
  readonly policy: PoolPolicy;
  readonly store: LeaseStore;
  readonly run: DaemonRunOptions;
  readonly imageOf: (namespace: string, revision: Revision) => AdmittedImage | undefined;
  /** There is a place for one sandbox more, and for its records. */
  readonly hasRoom: () => boolean;
  readonly publish: (invocation: Invocation) => void;
  readonly onChange: () => void;
}

/** What a daemon would be started with here, now. */
interface Plan {
  readonly agent: PoolAgent;
  readonly revision: Revision;
  readonly image: AdmittedImage;
  readonly caPems: readonly string[];
}

/** SIGTERM, its grace, and a word in the record. */
const handOverMs = 10_000;

export class Daemons {
  readonly #options: DaemonsOptions;
  readonly #me: DaemonHolder;
  readonly #keepers = new Map<string, { readonly agent: PoolAgent; readonly keeper: DaemonKeeper }>();
  readonly #runs = new Set<Promise<void>>();
  #draining = false;
  #idle: () => void = () => undefined;

  constructor(options: DaemonsOptions) {
    this.#options = options;
    this.#me = { worker: options.run.worker, id: randomUUID() };
  }

  /** Looks at the config in force, at images and places; to be called whenever one of them may have changed. */
  refresh(): void {
    const agents = (this.#options.policy.config?.agents ?? []).filter((agent) => agent.daemon !== undefined);
    const wanted = new Map(agents.map((agent) => [agent.uid, agent]));
    for (const [uid, { keeper, agent }] of this.#keepers) {
      if (wanted.has(uid)) continue;
      keeper.want({});
      if (keeper.isIdle) this.#forget(uid, keeper);
      else this.#keepers.set(uid, { agent, keeper });
    }
    for (const agent of agents) this.#look(agent);
    this.#idle();
  }

  get running(): number {
    return [...this.#keepers.values()].filter(({ keeper }) => keeper.runs).length;
  }

  /** Runs by agent id, for the count of what is under way. */
  inFlight(): Record<string, number> {
    const running = [...this.#keepers.values()].filter(({ keeper }) => keeper.runs);
    return Object.fromEntries(running.map(({ agent }) => [agentId(agent), 1]));
  }

  words(): Record<string, DaemonStatusWord> {
    return Object.fromEntries(
      [...this.#keepers.values()].flatMap(({ agent, keeper }) => {
        const word = keeper.word;
        return word === undefined ? [] : [[agentId(agent), word] as const];
      }),
    );
  }

  /** Ends what runs here and says so, for another worker to go on; after so long it is ended without. */
  async handOver(timeoutMs = handOverMs): Promise<void> {
    this.#draining = true;
    const idle = new Promise<void>((resolve) => {
      this.#idle = () => {
        if ([...this.#keepers.values()].every(({ keeper }) => keeper.isIdle)) resolve();
      };
    });
    this.refresh();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([idle, new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs)))]);
    clearTimeout(timer);
    for (const { keeper } of this.#keepers.values()) keeper.close();
    await Promise.all(this.#runs);
  }

  #look(agent: PoolAgent): void {
    const known = this.#keepers.get(agent.uid)?.keeper;
    const want = this.#wantOf(agent, known);
    if (known === undefined) this.#keepers.set(agent.uid, { agent, keeper: this.#keep(agent, want) });
    else {
      this.#keepers.set(agent.uid, { agent, keeper: known });
      known.want(want);
    }
  }

  #wantOf(agent: PoolAgent, keeper: DaemonKeeper | undefined): DaemonWant {
    const { daemon, servingRevision } = agent;
    const revision = agent.revisions.find((each) => each.name === servingRevision);
    if (daemon === undefined || revision === undefined) return {};
    const { stop, restartPolicy, maxRestarts, maxLifetimeMs } = daemon;
    const reason = this.#draining ? 'HandedOver' : stop;
    const plan = this.#planOf(agent);
    // One that runs has its place.
    const hasPlace = keeper?.runs === true || this.#options.hasRoom();
    return {
      terms: { revision: revision.name, restartPolicy, maxRestarts, maxLifetimeMs },
      ...(reason === undefined ? {} : { stop: reason }),
      ...(plan === undefined || !hasPlace ? {} : { planKey: planKey({ ...plan, ...plan.image }) }),
    };
  }

  #planOf(agent: PoolAgent): Plan | undefined {
    const { policy, imageOf } = this.#options;
    const revision = agent.revisions.find((each) => each.name === agent.servingRevision);
    const image = revision === undefined ? undefined : imageOf(agent.namespace, revision);
    const caPems = policy.gatewaysOf(agentId(agent)).flatMap((gateway) => gateway.caPem ?? []);
    if (revision === undefined || image === undefined || caPems.length !== agent.gateways.length)
      return undefined;
    return { agent, revision, image, caPems };
  }

  #keep(agent: PoolAgent, want: DaemonWant): DaemonKeeper {
    const { store, run, publish, onChange } = this.#options;
    return new DaemonKeeper(
      {
        me: this.#me,
        key: daemonLeaseKey(agent),
        store,
        begin: (mark, listener) => this.#begin(agent.uid, mark, listener),
        closeLost: (mark) => publish(lostRun(agent, mark)),
        ...{ now: run.now, unixMs: Date.now, newId: randomUUID },
        onChange,
        onRest: () => this.#idle(),
      },
      want,
    );
  }

  #begin(uid: string, mark: DaemonRunMark, listener: DaemonRunListener): RunningInstance {
    const { run, onChange } = this.#options;
    const agent = this.#keepers.get(uid)?.agent;
    const plan = agent === undefined ? undefined : this.#planOf(agent);
    const isFit = plan?.revision.name === mark.revision && this.#options.hasRoom();
    if (plan === undefined || !isFit) return this.#notBegun(listener);
    const admitted = { ...plan, agentId: agentId(plan.agent), invocationId: mark.id };
    const instance = new DaemonRun(run, admitted, mark);
    const done = instance.run(listener).finally(() => {
      this.#runs.delete(done);
      onChange();
    });
    this.#runs.add(done);
    return instance;
  }

  /** Between the decision and the start it went: its image, its config, or its place to another daemon. */
  #notBegun(listener: DaemonRunListener): RunningInstance {
    queueMicrotask(() => {
      listener.ended({ reason: 'Replaced', upMs: 0, isNotBegun: true });
      this.refresh();
    });
    return { stop: () => undefined };
  }

  #forget(uid: string, keeper: DaemonKeeper): void {
    keeper.close();
    this.#keepers.delete(uid);
  }
}

function lostRun(agent: PoolAgent, { id, startedAt, revision, worker }: DaemonRunMark): Invocation {
  return composeInvocation(
    { id, agent, trigger: { type: 'Daemon', source: 'worker' }, createdAt: startedAt },
    {
      ...{ phase: 'Failed', reason: 'WorkerLost', revision, worker, completedAt: Date.now() },
      message: 'the worker that ran it is gone',
    },
  );
}
