/**
 * One invocation on one sandbox, from the admitted call to the terminal event: body, sandbox, start, delivery,
 * response, end. Whatever happens, exactly one terminal event is published and the sandbox is cleared away.
 */
import {
  attribute,
  boundedTimeoutMs,
  header,
  parseFactHeaders,
  triggerWord,
  type CloudEvent,
  type PoolAgent,
} from '../../contract/index.ts';
import { computeArgs } from '../sandbox/oci-spec.ts';
import type { MadeSandbox, SandboxPlan } from '../sandbox/sandbox-factory.ts';
import type { WarmPool, WarmSandbox } from '../sandbox/warm-pool.ts';
import type { FallbackReason } from '../snapshot/snapshots.ts';
import type { Standby } from '../standby/standby.ts';
import { traceparentOf } from '../telemetry/trace-context.ts';
import type { AdmittedInvocation } from './admitted-image.ts';
import type { Call } from './call.ts';
import { deliverByMetadata, deliverOnStdin, type Delivery } from './delivery.ts';
import { DispatchError } from './dispatch-error.ts';
import { composeEvent } from './envelope.ts';
import { InvocationAnswer } from './invocation-answer.ts';
import {
  cutError,
  errorOfThrown,
  outcomeOfError,
  outcomeOfExit,
  type Cut,
  type Outcome,
} from './invocation-outcome.ts';
import { InvocationTrail, type InvocationTrailOptions } from './invocation-trail.ts';
import { SandboxStay, type SandboxStayOptions } from './sandbox-stay.ts';

export interface InvocationRunOptions extends InvocationTrailOptions, SandboxStayOptions {
  readonly warm: WarmPool;
  /** Of an agent that is started before its runs: the digest of what it may reach. */
  readonly standbyPolicy: (agent: PoolAgent) => string | undefined;
  /** Of an agent with images: its agent, waiting in this sandbox; or why the run is cold. */
  readonly restore: (plan: SandboxPlan, made: MadeSandbox) => Promise<Standby | FallbackReason>;
  readonly openState: (admitted: AdmittedInvocation) => Promise<string | undefined>;
  readonly onError: (error: unknown) => void;
}

/** As its field says it: by what waited, not by what was asked for. */
function modeOf({ standby }: WarmSandbox): Standby['mode'] | 'Created' {
  return standby?.mode ?? 'Created';
}

export class InvocationRun {
  readonly #options: InvocationRunOptions;
  readonly #admitted: AdmittedInvocation;
  readonly #call: Call;
  readonly #answer: InvocationAnswer;
  readonly #trail: InvocationTrail;
  readonly #stay: SandboxStay;
  readonly #cutSignal = new AbortController();
  /** From the moment it came here, whatever its clock says there. */
  readonly #timeoutMs: number;
  #cut: Cut | undefined;
  #requestBytes = 0;

  constructor(options: InvocationRunOptions, admitted: AdmittedInvocation, call: Call) {
    this.#options = options;
    this.#admitted = admitted;
    this.#call = call;
    this.#stay = new SandboxStay(options);
    this.#timeoutMs = boundedTimeoutMs(admitted.agent);
    this.#trail = new InvocationTrail(options, admitted, {
      ...parseFactHeaders((name) => call.headers[name], options.now()),
      timeoutMs: this.#timeoutMs,
      traceparent: call.headers[header.traceparent],
    });
    this.#answer = new InvocationAnswer(call, options.now);
  }

  /** Never rejects; the answer is whole or cut when it resolves. */
  async run(): Promise<void> {
    const deadline = setTimeout(() => this.stop('deadline'), this.#timeoutMs);
    this.#answer.onGone(() => this.stop('caller'));
    let outcome: Outcome;
    try {
      const attempt = this.#attempt();
      // A cut ends the run at once; what the attempt is in the middle of ends by itself and is cleared when it has.
      attempt.catch(() => undefined);
      outcome = await Promise.race([attempt, this.#untilCut()]);
    } catch (error) {
      outcome = this.#failed(error);
    }
    await this.#answer.finish(this.#cutSignal.signal);
    clearTimeout(deadline);
    // Cut while its last bytes were on their way: nobody has the whole answer.
    if (outcome.phase === 'Succeeded' && this.#cut !== undefined) {
      outcome = outcomeOfError(cutError(this.#cut, this.#timeoutMs), this.#cut);
    }
    this.#trail.clock.mark('respond');
    await this.#leave(outcome);
    this.#end(outcome);
  }

  /** A sandbox whose run went well may have another. */
  async #leave({ phase }: Outcome): Promise<void> {
    const { made } = this.#stay;
    const isStandby = made?.standby !== undefined;
    if (phase === 'Succeeded' && made?.standby?.isResident === true) {
      const waits = await this.#stay.rest();
      if (waits !== undefined) this.#options.warm.giveBack(waits);
    }
    this.#stay.release();
    if (isStandby) this.#options.warm.tick();
  }

  /** Cuts the run; the first reason counts. */
  stop(cut: Cut): void {
    this.#cut ??= cut;
    this.#stay.release();
    this.#call.stopReading();
    this.#cutSignal.abort();
  }

  #untilCut(): Promise<never> {
    const { signal } = this.#cutSignal;
    return new Promise((_resolve, reject) => {
      const fail = (): void => reject(cutError(this.#cut ?? 'deadline', this.#timeoutMs));
      if (signal.aborted) fail();
      else signal.addEventListener('abort', fail, { once: true });
    });
  }

  /** The image stays from admission until there is a sandbox of it, however long the body takes. */
  async #prepare(): Promise<{ readonly body: Buffer; readonly made: WarmSandbox }> {
    using _held = this.#admitted.image.hold();
    const body = await this.#call.readBody();
    this.#requestBytes = body.length;
    const statePath = await this.#options.openState(this.#admitted);
    this.#trail.clock.mark('queue');
    return { body, made: await this.#obtain(statePath) };
  }

  async #attempt(): Promise<Outcome> {
    const { body, made } = await this.#prepare();
    // The run has ended without it.
    if (this.#cut !== undefined) {
      made.standby?.leave();
      this.#options.factory.clear(made.sandbox);
      throw cutError(this.#cut, this.#timeoutMs);
    }
    this.#trail.span.setAttribute(attribute.sandboxId, made.sandbox.id);
    const occupant = this.#stay.enter(made, this.#admitted, traceparentOf(this.#trail.span));
    const delivery = this.#deliver(made, this.#compose(body));
    if (this.#admitted.agent.deliveryMode === 'Stdin') {
      await this.#start(made);
      return deliverOnStdin(delivery);
    }
    const { event } = delivery;
    const { invocationId } = this.#admitted;
    const { isResident } = delivery;
    const offer = this.#options.metadata.offer(occupant, {
      invocationId,
      event,
      body,
      isOneOfMany: isResident,
    });
    await this.#start(made);
    return deliverByMetadata(delivery, offer);
  }

  #deliver({ sandbox, standby }: WarmSandbox, event: CloudEvent): Delivery {
    const trail = this.#trail;
    return {
      sandbox,
      event,
      answer: this.#answer,
      trail,
      isResident: this.#admitted.agent.standby?.mode === 'Resident',
      follow: (stream) => {
        if (standby?.turnTo(stream, trail.openLog(stream)) !== true) trail.follow(stream, sandbox[stream]);
      },
      outcomeOf: (exitCode) => this.#outcomeOf(exitCode),
    };
  }

  async #obtain(statePath: string | undefined): Promise<WarmSandbox> {
    const { agent, revision, image, caPems } = this.#admitted;
    const { clock, span } = this.#trail;
    const policy = this.#options.standbyPolicy(agent);
    const plan: SandboxPlan = {
      agent,
      revision,
      ...image,
      caPems,
      ...(policy === undefined ? {} : { policy }),
      ...(statePath === undefined ? {} : { statePath }),
    };
    const warm = this.#options.warm.take(plan);
    if (warm !== undefined) {
      span.setAttribute('clrk.sandbox.warm', true);
      span.setAttribute('clrk.sandbox.warm_mode', modeOf(warm));
      for (const phase of ['slot', 'rootfs', 'create'] as const) clock.mark(phase);
    }
    const made = warm ?? (await this.#make(plan));
    return agent.standby?.mode === 'Snapshot' ? this.#restore(plan, made) : made;
  }

  #make(plan: SandboxPlan): Promise<MadeSandbox> {
    return this.#options.factory.make(plan, (phase) => this.#trail.clock.mark(phase), this.#cutSignal.signal);
  }

  /** What cannot be restored is started, in a sandbox that nothing was tried in. */
  async #restore(plan: SandboxPlan, made: MadeSandbox): Promise<WarmSandbox> {
    const { clock, span } = this.#trail;
    const restored = await this.#options.restore(plan, made);
    clock.mark('restore');
    if (typeof restored !== 'string') {
      span.setAttribute('clrk.sandbox.warm_mode', restored.mode);
      return { ...made, standby: restored };
    }
    span.setAttribute('clrk.sandbox.snapshot_fallback', restored);
    if (restored === 'NoImage' || restored === 'ImageChanged') return made;
    span.setAttribute('clrk.sandbox.warm', false);
    span.setAttribute('clrk.sandbox.warm_mode', 'cold');
    this.#options.factory.clear(made.sandbox);
    return this.#make(plan);
  }

  /** Of one that is started already the place is filled when the run is over: the processor is the run's. */
  async #start({ sandbox, standby }: WarmSandbox): Promise<void> {
    try {
      if (standby === undefined) await sandbox.start();
    } finally {
      this.#trail.clock.mark('start');
      if (standby === undefined) this.#options.warm.tick();
    }
    this.#trail.running();
  }

  #compose(body: Buffer): CloudEvent {
    const { agent, revision, invocationId } = this.#admitted;
    return composeEvent({
      namespace: agent.namespace,
      agent: agent.name,
      revision: revision.name,
      invocationId,
      method: this.#call.method,
      url: this.#call.url,
      headers: this.#call.headers,
      body,
      time: new Date(this.#trail.facts.createdAt).toISOString(),
      subject: triggerWord(this.#trail.facts.trigger),
    });
  }

  #outcomeOf(exitCode: number): Outcome {
    if (this.#cut !== undefined) throw cutError(this.#cut, this.#timeoutMs);
    const { made } = this.#stay;
    const outOfMemory =
      exitCode !== 0 && made !== undefined && this.#options.factory.ranOutOfMemory(made.sandbox);
    return outcomeOfExit(exitCode, outOfMemory ? this.#admitted.agent.resources.memoryBytes : undefined);
  }

  #failed(thrown: unknown): Outcome {
    const { revision, image } = this.#admitted;
    const [command = ''] = computeArgs(revision, image.image.config);
    const error = errorOfThrown(thrown, this.#cut, this.#timeoutMs, command);
    if (!(thrown instanceof DispatchError)) this.#options.onError(thrown);
    this.#answer.sendFailure(error);
    return outcomeOfError(error, this.#cut);
  }

  #end(outcome: Outcome): void {
    this.#trail.end(outcome, {
      status: this.#answer.status,
      requestBytes: this.#requestBytes,
      responseBytes: this.#answer.bytes,
    });
  }
}
