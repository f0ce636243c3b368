/**
 * A sandbox whose agent was started before it has a run, and perhaps lives on after it. Until a run begins it reaches its metadata
 * service and nothing else, and knows of no run; what it does between runs is charged to none. Whoever does not wait quietly is
 * lost: it is never given a run.
 */
import { setImmediate } from 'node:timers/promises';
import { attribute, type WarmTrouble } from '../../contract/index.ts';
import { StdioLog } from '../dispatch/stdio-log.ts';
import type { Occupancy } from '../egress/occupancy.ts';
import type { Occupant } from '../egress/occupant.ts';
import type { Refusals } from '../egress/refusal.ts';
import type { Run, RunIdentity } from '../egress/run.ts';
import type { MetadataServer } from '../metadata/metadata-server.ts';
import type { MadeSandbox, SandboxPlan } from '../sandbox/sandbox-factory.ts';
import type { SyntheticAddresses } from '../dns/synthetic-address.ts';
import type { LogEmitter } from '../telemetry/sink.ts';
import { contextOf } from '../telemetry/trace-context.ts';
import { PipeLog } from './pipe-log.ts';

/** Why one that waited is given no run: it ended, wrote to what is its answer, or answered for no run. */
export type LossReason = Extract<WarmTrouble, 'ExitsEarly' | 'WritesEarly' | 'AnswersEarly'>;

export interface StandbyOptions {
  readonly occupancy: Occupancy;
  readonly metadata: MetadataServer;
  readonly refusals: Refusals;
  readonly logger: LogEmitter;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

type Stream = 'stdout' | 'stderr';

/** How its agent gets to where it waits, if not by being started. */
export interface Beginning {
  readonly begin: () => Promise<void>;
  /** Names it was told of before. */
  readonly told: SyntheticAddresses;
}

/** Of what it prints while it has no run so much is kept a window; see StdioLog. */
const logWindowMs = 10 * 60_000;

export class Standby {
  readonly occupant: Occupant;
  /** Why it can have no run any more. Never, if it can until it is taken away. */
  readonly lost: Promise<LossReason>;
  readonly #options: StandbyOptions;
  readonly #made: MadeSandbox;
  readonly #plan: SandboxPlan;
  readonly #pipes = new Map<Stream, PipeLog>();
  readonly #startedAt: number;
  #loss: LossReason | undefined;
  #tellLoss: (reason: LossReason) => void = () => undefined;
  #run: Run | undefined;
  #runs = 0;

  private constructor(options: StandbyOptions, made: MadeSandbox, plan: SandboxPlan) {
    const { agent, revision } = plan;
    const { kind, namespace, name, uid } = agent;
    this.#options = options;
    this.#made = made;
    this.#plan = plan;
    this.#startedAt = options.now();
    this.lost = new Promise((resolve) => (this.#tellLoss = resolve));
    this.occupant = options.occupancy.enter({
      sandboxId: made.sandbox.id,
      slot: made.slot,
      agent: { kind, namespace, name, uid },
      agentId: `${kind}/${namespace}/${name}`,
      revision: revision.name,
      waits: true,
    });
  }

  /** The sandbox stays the caller's to clear, whatever happens; after a success `leave` comes first. */
  static async start(
    options: StandbyOptions,
    made: MadeSandbox,
    plan: SandboxPlan,
    beginning?: Beginning,
  ): Promise<Standby> {
    const standby = new Standby(options, made, plan);
    if (beginning !== undefined) standby.occupant.names.adopt(beginning.told);
    standby.#watch();
    try {
      await (beginning?.begin() ?? made.sandbox.start());
    } catch (error) {
      standby.leave();
      throw error;
    }
    return standby;
  }

  #watch(): void {
    const { sandbox } = this.#made;
    const isMetadata = this.#plan.agent.deliveryMode === 'Metadata';
    void sandbox.ended.then(() => this.#lose('ExitsEarly'));
    this.#follow('stderr');
    if (!isMetadata) return void sandbox.stdout.on('readable', this.#onReadable);
    this.#follow('stdout');
    sandbox.stdin.end();
    this.#options.metadata.attend(this.occupant, () => this.#lose('AnswersEarly'));
  }

  #follow(stream: Stream): void {
    this.#pipes.set(stream, new PipeLog(this.#made.sandbox[stream], this.#idleLog(stream)));
  }

  /** Whatever is there before its event came is no answer to it. */
  readonly #onReadable = (): void => {
    if (this.#made.sandbox.stdout.readableLength > 0) this.#lose('WritesEarly');
  };

  /** In a run this only says that there will be no other. */
  #lose(reason: LossReason): void {
    this.#loss ??= reason;
    this.#tellLoss(this.#loss);
  }

  /** It may be given a run now. */
  get isFit(): boolean {
    const { standby } = this.#plan.agent;
    if (this.#loss !== undefined || this.#run !== undefined || !this.#made.sandbox.alive) return false;
    if (this.#runs === 0) return true;
    if (standby?.mode !== 'Resident') return false;
    return this.#runs < standby.maxRuns && this.#options.now() - this.#startedAt < standby.maxAgeMs;
  }

  /** How it got to where it waits. */
  get mode(): 'Started' | 'Resident' | 'Snapshot' {
    return this.#plan.agent.standby?.mode ?? 'Started';
  }

  /** It serves one run after another. */
  get isResident(): boolean {
    return this.#plan.agent.standby?.mode === 'Resident';
  }

  /** From here on what it does is this run's. */
  begin(identity: RunIdentity): void {
    if (!this.isFit) throw new Error('this sandbox may have no run');
    this.#made.sandbox.stdout.off('readable', this.#onReadable);
    this.#runs += 1;
    this.#run = this.occupant.begin(identity);
  }

  /** Where the lines of this stream go in this run. False: of this delivery it is not followed here. */
  turnTo(stream: Stream, log: StdioLog): boolean {
    const pipe = this.#pipes.get(stream);
    pipe?.turnTo(log);
    return pipe !== undefined;
  }

  /** Ends the run and everything it opened. True: it waits for the next. */
  async rest(): Promise<boolean> {
    this.#endRun();
    this.#options.metadata.finish(this.occupant);
    // What it printed before its answer is in the pipe, and read within one turn of the loop.
    await setImmediate();
    await setImmediate();
    for (const [stream, pipe] of this.#pipes) pipe.turnTo(this.#idleLog(stream));
    return this.isFit;
  }

  #endRun(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    this.occupant.end();
    this.#options.refusals.close(this.occupant, run);
  }

  /** It is no more. The sandbox is ended by who made it. */
  leave(): void {
    this.#endRun();
    this.#options.metadata.withdraw(this.occupant);
    this.#options.occupancy.leave(this.occupant);
  }

  /** Of no run: its lines name the agent and the sandbox. */
  #idleLog(stream: Stream): StdioLog {
    const { agent, revision, sandboxId } = this.occupant;
    return new StdioLog({
      logger: this.#options.logger,
      stream,
      attributes: {
        [attribute.component]: 'worker',
        [attribute.agentKind]: agent.kind,
        [attribute.agentNamespace]: agent.namespace,
        [attribute.agentName]: agent.name,
        [attribute.agentUid]: agent.uid,
        [attribute.agentRevision]: revision,
        [attribute.sandboxId]: sandboxId,
      },
      context: contextOf(undefined),
      now: this.#options.now,
      windowMs: logWindowMs,
    });
  }
}
