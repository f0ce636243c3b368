/**
 * One run of a daemon on one sandbox: made, started, followed, ended. Its records are those of an invocation that nobody called.
 * Told to stop it asks first, and ends it a few seconds later; told to stop now it ends it now. Whatever happens, its end is told
 * once, and not before its processes are dead.
 */
import type { DaemonRunMark } from '../../contract/index.ts';
import type { AdmittedInvocation } from '../dispatch/admitted-image.ts';
import { outcomeOfExit, type Outcome } from '../dispatch/invocation-outcome.ts';
import { InvocationTrail, type InvocationTrailOptions } from '../dispatch/invocation-trail.ts';
import { SandboxStay, type SandboxStayOptions } from '../dispatch/sandbox-stay.ts';
import { computeArgs } from '../sandbox/oci-spec.ts';
import { SandboxError } from '../sandbox/sandbox-error.ts';
import type { MadeSandbox } from '../sandbox/sandbox-factory.ts';
import { traceparentOf } from '../telemetry/trace-context.ts';
import type { RunEnd } from './daemon-life.ts';
import type { StopReason } from './daemon-state.ts';

export interface DaemonRunOptions extends InvocationTrailOptions, SandboxStayOptions {
  readonly onError: (error: unknown) => void;
}

/** Who is told what becomes of it. */
export interface DaemonRunListener {
  readonly started: () => void;
  readonly ended: (end: RunEnd) => void;
}

/** Between SIGTERM and SIGKILL, as in the original. */
const stopGraceMs = 5_000;
/** Of its output so much is kept a window; see StdioLog. */
const logWindowMs = 10 * 60_000;
/** What is open is listed for an hour after it was last told of; the stream drops the same word within half of one. */
const retellMs = 35 * 60_000;

export class DaemonRun {
  readonly #options: DaemonRunOptions;
  readonly #admitted: AdmittedInvocation;
  readonly #trail: InvocationTrail;
  readonly #stay: SandboxStay;
  readonly #cut = new AbortController();
  #stopped: StopReason | undefined;
  #grace: NodeJS.Timeout | undefined;
  #startedAt: number | undefined;

  constructor(options: DaemonRunOptions, admitted: AdmittedInvocation, mark: DaemonRunMark) {
    this.#options = options;
    this.#admitted = admitted;
    this.#stay = new SandboxStay(options);
    this.#trail = new InvocationTrail(options, admitted, {
      trigger: { type: 'Daemon', source: 'worker' },
      createdAt: mark.startedAt,
    });
  }

  /** Never rejects. */
  async run(listener: DaemonRunListener): Promise<void> {
    const { now } = this.#options;
    let ended: Omit<RunEnd, 'upMs'>;
    const retold = setInterval(() => this.#startedAt !== undefined && this.#trail.running(), retellMs);
    try {
      const made = await this.#make();
      await this.#start(made);
      this.#startedAt = now();
      this.#trail.running();
      this.#trail.tellPhases();
      listener.started();
      ended = this.#endOf(await made.sandbox.ended, made);
    } catch (thrown) {
      ended = this.#failed(thrown);
    }
    clearInterval(retold);
    clearTimeout(this.#grace);
    const upMs = this.#startedAt === undefined ? 0 : now() - this.#startedAt;
    // Also of a sandbox that did not start: nothing of it runs when its end is told.
    const { made } = this.#stay;
    this.#stay.release();
    await made?.sandbox.ended;
    this.#trail.clock.mark('wait');
    this.#trail.end(outcomeOf(ended));
    listener.ended({ ...ended, upMs });
  }

  /** The first reason counts; `now` may follow `gently`. */
  stop(how: 'gently' | 'now', reason: StopReason): void {
    this.#stopped ??= reason;
    const { made } = this.#stay;
    if (how === 'now' || made === undefined || this.#startedAt === undefined) {
      this.#cut.abort();
      return this.#stay.release();
    }
    void made.sandbox.terminate();
    this.#grace ??= setTimeout(() => this.stop('now', reason), stopGraceMs);
  }

  async #make(): Promise<MadeSandbox> {
    const { factory } = this.#options;
    const { agent, revision, image, caPems } = this.#admitted;
    const { clock } = this.#trail;
    const { signal } = this.#cut;
    clock.mark('queue');
    const making = factory.make({ agent, revision, ...image, caPems }, (phase) => clock.mark(phase), signal);
    const made = await Promise.race([making, untilAborted(signal)]);
    if (made !== undefined && !signal.aborted) return made;
    // What was made for nothing is cleared when it is there.
    void making.then(
      (late) => factory.clear(late.sandbox),
      () => undefined,
    );
    throw new Error('stopped before it was made');
  }

  async #start(made: MadeSandbox): Promise<void> {
    const { sandbox } = made;
    this.#stay.enter(made, this.#admitted, traceparentOf(this.#trail.span));
    this.#trail.follow('stdout', sandbox.stdout, logWindowMs);
    this.#trail.follow('stderr', sandbox.stderr, logWindowMs);
    await sandbox.start();
    this.#trail.clock.mark('start');
    // Nobody ever writes to it.
    sandbox.stdin.end();
  }

  #endOf(exitCode: number, made: MadeSandbox): Omit<RunEnd, 'upMs'> {
    if (this.#stopped !== undefined) return { reason: this.#stopped, exitCode };
    const { agent } = this.#admitted;
    const isOut = exitCode !== 0 && this.#options.factory.ranOutOfMemory(made.sandbox);
    const { reason, message } = outcomeOfExit(exitCode, isOut ? agent.resources.memoryBytes : undefined);
    return {
      reason: exitCode === 0 ? 'Completed' : reason === 'OOMKilled' ? 'OOMKilled' : 'NonZeroExit',
      exitCode,
      ...(message === undefined ? {} : { message }),
    };
  }

  #failed(thrown: unknown): Omit<RunEnd, 'upMs'> {
    if (this.#stopped !== undefined) return { reason: this.#stopped };
    this.#options.onError(thrown);
    const { revision, image } = this.#admitted;
    const [command = ''] = computeArgs(revision, image.image.config);
    // Never the text of what was thrown: it names files and commands of the host.
    const message = thrown instanceof SandboxError ? thrown.told(command) : 'the sandbox failed';
    return { reason: 'SandboxFailed', message: message.slice(0, 512) };
  }
}

function outcomeOf({ reason, exitCode, message }: Omit<RunEnd, 'upMs'>): Outcome {
  const failed =
    reason === 'NonZeroExit' ||
    reason === 'OOMKilled' ||
    reason === 'SandboxFailed' ||
    reason === 'LeaseLost';
  return {
    phase: failed ? 'Failed' : 'Succeeded',
    ...(reason === 'Completed' ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(exitCode === undefined ? {} : { exitCode }),
  };
}

function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
