/**
 * One invocation on one sandbox, from the admitted request to the terminal event: body, sandbox, start, delivery,
 * response, end. Whatever happens, exactly one terminal event is published and the sandbox is cleared away.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import {
  attribute,
  cloudEventContentType,
  errorMessage,
  hardTimeoutMs,
  header,
  maxRequestBodyBytes,
  spanName,
  type CloudEvent,
  type Invocation,
  type TerminalPhase,
} from '../../contract/index.ts';
import type { ReadyImage } from '../image/image-keeper.ts';
import type { Tenancy, Tenant } from '../egress/tenancy.ts';
import type { MetadataAnswer, MetadataServer } from '../metadata/metadata-server.ts';
import type { SandboxUser } from '../sandbox/oci-spec.ts';
import { PhaseClock } from '../sandbox/phase-clock.ts';
import type { MadeSandbox, SandboxFactory, SandboxPlan } from '../sandbox/sandbox-factory.ts';
import type { WarmPool } from '../sandbox/warm-pool.ts';
import { contextOf, traceparentOf } from '../telemetry/trace-context.ts';
import type { Admitted } from './admission.ts';
import { DispatchError, sendError } from './dispatch-error.ts';
import { composeEvent, composeResponseEvent } from './envelope.ts';
import { composeInvocation, type RecordInput } from './invocation-record.ts';
import { readBody } from './request-body.ts';
import { StdioLog } from './stdio-log.ts';
import { collectOutput, streamOutput } from './stdout-response.ts';
import type { LogEmitter, SpanStarter } from '../telemetry/sink.ts';

export interface AdmittedImage {
  readonly image: ReadyImage;
  readonly user: SandboxUser;
}

export interface InvocationRunOptions {
  readonly factory: SandboxFactory;
  readonly warm: WarmPool;
  readonly tenancy: Tenancy;
  readonly metadata: MetadataServer;
  readonly tracer: SpanStarter;
  readonly logger: LogEmitter;
  readonly publish: (invocation: Invocation) => void;
  readonly openState: (admitted: Admitted<AdmittedImage>) => Promise<string | undefined>;
  /** Unix milliseconds with fractions, never going back. */
  readonly now: () => number;
  readonly worker: string;
  readonly onError: (error: unknown) => void;
}

interface Outcome {
  readonly phase: TerminalPhase;
  readonly reason?: string;
  readonly message?: string;
  readonly exitCode?: number;
}

/** Why a run was cut: the deadline, the caller, or the worker stopping. */
type Cut = 'deadline' | 'caller' | 'drain';

/** A Metadata agent has answered; this is its time to end by itself. */
const metadataGraceMs = 5_000;

export class InvocationRun {
  readonly #options: InvocationRunOptions;
  readonly #admitted: Admitted<AdmittedImage>;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #clock: PhaseClock;
  readonly #span: Span;
  readonly #deadlineAt: number;
  #cut: Cut | undefined;
  #made: MadeSandbox | undefined;
  #tenant: Tenant | undefined;
  #requestBytes = 0;
  #responseBytes = 0;
  #finished = false;

  constructor(
    options: InvocationRunOptions,
    admitted: Admitted<AdmittedImage>,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    this.#options = options;
    this.#admitted = admitted;
    this.#request = request;
    this.#response = response;
    this.#clock = new PhaseClock(options.now);
    this.#deadlineAt = this.#clock.startedAt + Math.min(admitted.agent.timeoutMs, hardTimeoutMs);
    this.#span = options.tracer.startSpan(
      spanName.invoke,
      { startTime: this.#clock.startedAt, attributes: this.#attributes() },
      contextOf(String(request.headers[header.traceparent] ?? '')),
    );
  }

  #attributes(): Record<string, string> {
    const { agent, revision, invocationId, image } = this.#admitted;
    return {
      [attribute.component]: 'worker',
      [attribute.agentKind]: agent.kind,
      [attribute.agentNamespace]: agent.namespace,
      [attribute.agentName]: agent.name,
      [attribute.agentUid]: agent.uid,
      [attribute.agentRevision]: revision.name,
      [attribute.invocationId]: invocationId,
      [attribute.imageRef]: revision.image,
      [attribute.imageDigest]: image.image.digest,
    };
  }

  /** Never rejects; the response is finished or destroyed when it resolves. */
  async run(): Promise<void> {
    const deadline = setTimeout(() => this.stop('deadline'), this.#deadlineAt - this.#clock.startedAt);
    const gone = (): void => {
      if (!this.#finished) this.stop('caller');
    };
    this.#response.once('close', gone);
    let outcome: Outcome;
    try {
      outcome = await this.#attempt();
    } catch (error) {
      outcome = this.#failed(error);
    }
    clearTimeout(deadline);
    await this.#finishResponse();
    this.#clock.mark('respond');
    this.#end(outcome);
  }

  /** Cuts the run; the first reason counts. */
  stop(cut: Cut): void {
    this.#cut ??= cut;
    this.#made?.sandbox.kill();
    if (this.#made === undefined) this.#request.destroy();
  }

  async #attempt(): Promise<Outcome> {
    const body = await readBody(this.#request);
    this.#requestBytes = body.length;
    const statePath = await this.#options.openState(this.#admitted);
    this.#clock.mark('queue');
    const made = await this.#obtain(statePath);
    this.#made = made;
    if (this.#cut !== undefined) made.sandbox.kill();
    const tenant = this.#enter(made);
    const event = this.#compose(body);
    const metadata = this.#admitted.agent.deliveryMode === 'Metadata';
    const answer = metadata ? this.#options.metadata.offer(tenant, event, body) : undefined;
    await this.#start(made);
    this.#publish({ phase: 'Running' });
    const deliver = metadata ? '' : JSON.stringify(event);
    return answer === undefined
      ? this.#streamRun(made, event, deliver)
      : this.#metadataRun(made, event, answer);
  }

  async #obtain(statePath: string | undefined): Promise<MadeSandbox> {
    const { agent, revision, image, caPems } = this.#admitted;
    const plan: SandboxPlan = {
      agent,
      revision,
      ...image,
      caPems,
      ...(statePath === undefined ? {} : { statePath }),
    };
    const warm = this.#options.warm.take(plan);
    if (warm === undefined) return this.#options.factory.make(plan, (phase) => this.#clock.mark(phase));
    this.#span.setAttribute('clrk.sandbox.warm', true);
    for (const phase of ['slot', 'rootfs', 'create'] as const) this.#clock.mark(phase);
    return warm;
  }

  #enter(made: MadeSandbox): Tenant {
    const { agent, agentId, revision, invocationId } = this.#admitted;
    this.#span.setAttribute(attribute.sandboxId, made.sandbox.id);
    this.#tenant = this.#options.tenancy.enter({
      sandboxId: made.sandbox.id,
      slot: made.slot,
      agent,
      agentId,
      revision: revision.name,
      invocationId,
      traceparent: traceparentOf(this.#span),
    });
    return this.#tenant;
  }

  async #start(made: MadeSandbox): Promise<void> {
    try {
      await made.sandbox.start();
    } finally {
      this.#clock.mark('start');
    }
  }

  #compose(body: Buffer): CloudEvent {
    const { agent, revision, invocationId } = this.#admitted;
    return composeEvent({
      namespace: agent.namespace,
      agent: agent.name,
      revision: revision.name,
      invocationId,
      method: this.#request.method ?? 'POST',
      url: this.#request.url ?? '/',
      headers: this.#request.headers,
      body,
      time: new Date(this.#clock.startedAt).toISOString(),
    });
  }

  #stdioLog(stream: 'stdout' | 'stderr'): StdioLog {
    return new StdioLog({
      logger: this.#options.logger,
      stream,
      attributes: this.#attributes(),
      context: trace.setSpan(contextOf(undefined), this.#span),
      now: this.#options.now,
    });
  }

  #followStderr(stderr: Socket): void {
    const log = this.#stdioLog('stderr');
    stderr.on('data', (chunk: Buffer) => log.write(chunk));
    stderr.once('close', () => log.end());
  }

  async #streamRun(made: MadeSandbox, event: CloudEvent, deliver: string): Promise<Outcome> {
    const { sandbox } = made;
    this.#followStderr(sandbox.stderr);
    const log = this.#stdioLog('stdout');
    let sawFirst = (): void => undefined;
    const first = new Promise<void>((resolve) => {
      sawFirst = resolve;
    });
    const onChunk = (chunk: Buffer): void => {
      sawFirst();
      log.write(chunk);
    };
    const wrapped = this.#request.headers.accept === cloudEventContentType;
    const output = wrapped
      ? collectOutput(sandbox.stdout, maxRequestBodyBytes, onChunk)
      : streamOutput(sandbox.stdout, this.#response, onChunk);
    output.catch(() => undefined);
    const delivered = new Promise<void>((resolve) => {
      sandbox.stdin.once('close', () => resolve());
      sandbox.stdin.end(deliver, () => resolve());
    });
    await Promise.race([delivered, first, sandbox.ended]);
    this.#clock.mark('deliver');
    await Promise.race([first, sandbox.ended]);
    this.#clock.mark('firstByte');
    const result = await output;
    const exitCode = await sandbox.ended;
    this.#clock.mark('wait');
    log.end();
    if (result === undefined) throw this.#responseTooLarge();
    const outcome = this.#outcomeOf(exitCode);
    if (Buffer.isBuffer(result)) return this.#answerWrapped(event, { body: result }, outcome);
    this.#responseBytes = result.bytes;
    return this.#answerPlain(outcome);
  }

  async #metadataRun(
    made: MadeSandbox,
    event: CloudEvent,
    answer: Promise<MetadataAnswer>,
  ): Promise<Outcome> {
    const { sandbox } = made;
    this.#followStderr(sandbox.stderr);
    const log = this.#stdioLog('stdout');
    sandbox.stdout.on('data', (chunk: Buffer) => log.write(chunk));
    sandbox.stdout.once('close', () => log.end());
    sandbox.stdin.end();
    this.#clock.mark('deliver');
    const posted = await Promise.race([answer, sandbox.ended.then(() => undefined)]);
    this.#clock.mark('firstByte');
    if (posted === undefined) {
      const outcome = this.#outcomeOf(await sandbox.ended);
      this.#clock.mark('wait');
      if (outcome.phase !== 'Succeeded') return this.#answerPlain(outcome);
      throw new DispatchError(
        'NO_RESPONSE',
        'the agent ended without posting a response',
        'POST to $CLRK_METADATA_URL/response, or use delivery mode Stdin.',
      );
    }
    const grace = setTimeout(() => sandbox.kill(), metadataGraceMs);
    const ended = sandbox.ended.then(() => clearTimeout(grace));
    if (this.#request.headers.accept === cloudEventContentType) {
      const output = {
        body: posted.body,
        ...(posted.contentType === undefined ? {} : { contentType: posted.contentType }),
      };
      this.#answerWrapped(event, output, { phase: 'Succeeded' });
    } else {
      this.#send(posted.contentType ?? 'application/octet-stream', posted.body);
    }
    await ended;
    this.#clock.mark('wait');
    return { phase: 'Succeeded' };
  }

  #responseTooLarge(): DispatchError {
    return new DispatchError(
      'RESPONSE_TOO_LARGE',
      `the agent's output is over ${maxRequestBodyBytes} bytes, too much for one CloudEvent`,
      'Ask without `Accept: application/cloudevents+json`; plain output is streamed without a limit.',
    );
  }

  #outcomeOf(exitCode: number): Outcome {
    if (this.#cut !== undefined) throw this.#cutError(this.#cut);
    if (exitCode === 0) return { phase: 'Succeeded', exitCode };
    return { phase: 'Failed', exitCode, reason: 'NonZeroExit', message: `the agent exited with ${exitCode}` };
  }

  #cutError(cut: Cut): DispatchError {
    if (cut === 'drain') {
      return new DispatchError(
        'WORKER_STOPPED',
        'the worker stopped before the agent was done',
        'Try again.',
      );
    }
    return new DispatchError(
      'DEADLINE_EXCEEDED',
      `the agent did not end within ${Math.round(this.#deadlineAt - this.#clock.startedAt)} ms`,
      'Raise spec.timeout (at most 5m), or make the agent faster.',
    );
  }

  #answerPlain(outcome: Outcome): Outcome {
    if (outcome.phase === 'Succeeded') {
      if (!this.#response.headersSent) this.#send('application/octet-stream', Buffer.alloc(0));
      return outcome;
    }
    this.#sendFailure(
      new DispatchError(
        'NON_ZERO_EXIT',
        outcome.message ?? 'the agent failed',
        'Its output on stderr is in `clrk logs`.',
      ),
      { [header.exitCode]: String(outcome.exitCode) },
    );
    return outcome;
  }

  #answerWrapped(
    event: CloudEvent,
    output: { readonly contentType?: string; readonly body: Buffer },
    outcome: Outcome,
  ): Outcome {
    if (outcome.phase !== 'Succeeded') return this.#answerPlain(outcome);
    const wrapped = composeResponseEvent(event, output, new Date(this.#options.now()).toISOString());
    this.#send(cloudEventContentType, Buffer.from(JSON.stringify(wrapped)));
    return outcome;
  }

  #send(contentType: string, body: Buffer): void {
    this.#responseBytes = body.length;
    this.#response.writeHead(200, { 'content-type': contentType, 'content-length': body.length });
    this.#response.end(body);
  }

  /** An error as the response, or as trailers when bytes are out already. */
  #sendFailure(error: DispatchError, headers: Readonly<Record<string, string>> = {}): void {
    if (this.#response.destroyed) return;
    if (!this.#response.headersSent) return sendError(this.#response, error, headers);
    if (this.#response.writableEnded) return;
    this.#response.addTrailers({ ...headers, [header.errorCode]: error.code });
    this.#response.end();
  }

  #failed(thrown: unknown): Outcome {
    const cut = this.#cut;
    const error =
      cut !== undefined
        ? this.#cutError(cut)
        : thrown instanceof DispatchError
          ? thrown
          : new DispatchError(
              'SANDBOX_FAILED',
              `the sandbox failed: ${errorMessage(thrown)}`,
              'See the worker log.',
            );
    if (!(thrown instanceof DispatchError)) this.#options.onError(thrown);
    this.#sendFailure(error);
    const reasons: Readonly<Record<string, string>> = {
      DEADLINE_EXCEEDED: 'DeadlineExceeded',
      WORKER_STOPPED: 'WorkerStopped',
      SANDBOX_FAILED: 'SandboxFailed',
      NO_RESPONSE: 'NoResponse',
      RESPONSE_TOO_LARGE: 'ResponseTooLarge',
      STATE_FULL: 'StateFull',
      BODY_TOO_LARGE: 'BodyTooLarge',
      BAD_REQUEST: 'BadRequest',
    };
    if (cut === 'deadline') return { phase: 'Timeout', reason: 'DeadlineExceeded', message: error.message };
    if (cut === 'caller') return { phase: 'Failed', reason: 'CallerGone', message: 'the caller went away' };
    return { phase: 'Failed', reason: reasons[error.code] ?? 'SandboxFailed', message: error.message };
  }

  /** The last byte is with the kernel, or the caller is gone. */
  async #finishResponse(): Promise<void> {
    const response = this.#response;
    this.#finished = response.writableEnded;
    if (!response.writableEnded) {
      this.#finished = true;
      response.end();
    }
    if (!response.writableFinished && !response.destroyed) {
      await new Promise<void>((resolve) => {
        response.once('finish', resolve);
        response.once('close', resolve);
      });
    }
    // Bytes of a refused body may still be under way; reading them would be reading further.
    if (!this.#request.complete) this.#request.destroy();
  }

  #record(): RecordInput {
    return {
      agent: this.#admitted.agent,
      invocationId: this.#admitted.invocationId,
      revision: this.#admitted.revision.name,
      worker: this.#options.worker,
      traceId: this.#span.spanContext().traceId,
      startedAt: this.#clock.startedAt,
      deadlineAt: this.#deadlineAt,
      headers: this.#request.headers,
    };
  }

  #publish(status: Invocation['status']): void {
    this.#options.publish(composeInvocation(this.#record(), status));
  }

  #end(outcome: Outcome): void {
    if (this.#made !== undefined) this.#options.factory.clear(this.#made.sandbox);
    if (this.#tenant !== undefined) {
      this.#options.metadata.withdraw(this.#tenant);
      this.#options.tenancy.leave(this.#tenant);
    }
    const { reason, message, exitCode, phase } = outcome;
    this.#publish({
      phase,
      completionTime: new Date(this.#clock.startedAt + this.#clock.totalMs).toISOString(),
      httpStatus: this.#response.statusCode,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      phasesMs: this.#clock.phasesMs(),
      totalMs: this.#clock.totalMs,
    });
    this.#endSpans(outcome);
  }

  #endSpans(outcome: Outcome): void {
    const { tracer } = this.#options;
    const context = trace.setSpan(contextOf(undefined), this.#span);
    for (const { name, start, end } of this.#clock.phases) {
      const attributes = { ...this.#attributes(), [attribute.phase]: name };
      tracer.startSpan(spanName.sandboxPhase(name), { startTime: start, attributes }, context).end(end);
    }
    this.#span.setAttribute(attribute.httpStatus, this.#response.statusCode);
    if (outcome.exitCode !== undefined) this.#span.setAttribute(attribute.exitCode, outcome.exitCode);
    if (outcome.phase !== 'Succeeded') {
      this.#span.setAttribute(attribute.errorType, outcome.reason ?? outcome.phase);
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.message ?? outcome.phase });
    }
    this.#span.end(this.#clock.startedAt + this.#clock.totalMs);
  }
}
