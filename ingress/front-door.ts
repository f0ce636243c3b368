/**
 * Every request that reaches the ingress: who is it for, may it come in at all, then an InvocationRun. What it
 * refuses here (400, 404, not ready) belongs to no agent or was never admitted and leaves no record.
 */
import {
  agentId,
  ClrkError,
  errorMessage,
  header,
  type IngressAgent,
  type IngressConfig,
  type Trigger,
} from '../contract/index.ts';
import type { EventOutbox, Log, Reservation } from '../process/index.ts';
import { AgentTable } from './agent-table.ts';
import type { Call } from './call.ts';
import { CallerWords, single, type Told } from './caller-words.ts';
import { parseEventTarget, type EventDoor } from './event-door.ts';
import { eventsPerCall, InvocationRun, type InvocationContext } from './invocation.ts';
import { limits } from './limits.ts';
import { problems, sendProblem, type Problem } from './problem.ts';
import type { RequestBody } from './request-body.ts';
import { prefersAsync } from './prefer.ts';
import { ResultDoor } from './result-door.ts';
import { KeptBytes, Shares, type Place } from './share.ts';
import { parseTarget } from './target.ts';

export interface FrontDoorOptions {
  readonly outbox: EventOutbox;
  readonly log: Log;
  readonly isDraining: () => boolean;
  /** Undefined until there is a config with a client certificate. */
  readonly context: () => InvocationContext | undefined;
  /** Absent: every caller waits. */
  readonly results?: ResultDoor | undefined;
  /** Absent: no events are taken. */
  readonly events?: EventDoor | undefined;
}

const bodyProblems: Readonly<Record<string, Problem>> = {
  BODY_TOO_LARGE: problems.bodyTooLarge,
  BODY_STALLED: problems.bodyStalled,
};

function problemOf({ code, message, hint }: ClrkError): Problem {
  return bodyProblems[code] ?? { status: 400, code, message, ...(hint === undefined ? {} : { hint }) };
}

export class FrontDoor {
  readonly #options: FrontDoorOptions;
  #agents: AgentTable | undefined;
  readonly #words = new CallerWords();
  readonly #kept = new KeptBytes(limits.keptBytes.total);
  readonly #halfSent = new Shares(limits.halfSent);
  readonly #uploads = new Shares(limits.uploads);
  readonly #deferred = new Shares(limits.deferred);
  #active = 0;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
  }

  get active(): number {
    return this.#active;
  }

  configure(config: IngressConfig): void {
    this.#agents = new AgentTable(config);
    this.#words.configure(config.platform.otlp.token);
  }

  /** What is shared, as it is used now. */
  get usage(): Readonly<Record<'halfSent' | 'uploads' | 'keptBytes' | 'deferred' | 'publishing', number>> {
    return {
      deferred: this.#deferred.taken,
      publishing: this.#options.events?.publishing ?? 0,
      halfSent: this.#halfSent.taken,
      uploads: this.#uploads.taken,
      keptBytes: this.#kept.held,
    };
  }

  /** Never throws. */
  async take(call: Call): Promise<void> {
    await this.#answer(call, () => this.#serve(call));
  }

  /**
   * A call of the platform's own, past what callers share, under an id that is written down already: it is taken while others are
   * told that this ingress ends. Never throws.
   */
  async fire(
    call: Call,
    agent: IngressAgent,
    told: { readonly id: string; readonly trigger: Trigger },
  ): Promise<void> {
    const { id, trigger } = told;
    await this.#answer(call, async () => {
      const context = this.#options.context();
      if (context === undefined) {
        sendProblem(call, problems.notConfigured);
        return;
      }
      const body = call.openBody(this.#kept);
      try {
        await body.prefetch();
        // Its first event is in the stream before it runs: a crash from here on leaves a record.
        await this.#invoke(
          { call, body, agent, path: call.url },
          { id, ownId: true, trigger, parent: undefined, caller: undefined },
          context,
        );
      } finally {
        body.close();
      }
    });
  }

  async #answer(call: Call, serve: () => Promise<void>): Promise<void> {
    this.#active++;
    try {
      await serve();
    } catch (thrown) {
      if (thrown instanceof ClrkError) sendProblem(call, problemOf(thrown));
      else if (!call.answer.closed) {
        // A connection that broke within its request is nobody's fault here.
        if (call.complete) this.#options.log.error({ reason: errorMessage(thrown) }, 'request failed');
        sendProblem(call, problems.internal);
      }
    } finally {
      this.#active--;
    }
  }

  async #serve(call: Call): Promise<void> {
    const context = this.#options.context();
    const notReady = this.#options.isDraining() ? problems.draining : problems.notConfigured;
    if (this.#options.isDraining() || this.#agents === undefined || context === undefined) {
      sendProblem(call, notReady);
      return;
    }
    const named = {
      ...{ url: call.url, host: call.headers.host },
      taskAgentHeader: single(call.headers[header.taskAgent]),
    };
    const event = parseEventTarget(named);
    if (event !== undefined && this.#options.events !== undefined) {
      const heard = this.#agents.hears(event.namespace, event.subject);
      await this.#options.events.take(call, event, heard);
      return;
    }
    const target = parseTarget(named);
    const agent = this.#agents.find(target.namespace, target.name);
    if (agent === undefined) {
      sendProblem(call, problems.agentNotFound);
      return;
    }
    const { results } = this.#options;
    if (results !== undefined && ResultDoor.owns(target.path)) {
      const reader = this.#agents.callerReader(agent);
      await results.answer(call, agent, { path: target.path, reader });
      return;
    }
    await this.#identify({ call, agent, path: target.path }, context);
  }

  async #identify(taken: Omit<Taken, 'body'>, context: InvocationContext): Promise<void> {
    const said = this.#words.of(taken.call, taken.agent);
    if (said === 'doubtful') sendProblem(taken.call, problems.notVouched);
    else await this.#receive(taken, said, context);
  }

  /** The body as far as it is wanted before a worker is asked, within the shares of whoever sends it. */
  async #receive(
    { call, agent, path }: Omit<Taken, 'body'>,
    said: Omit<Told, 'caller'>,
    context: InvocationContext,
  ): Promise<void> {
    const taker = { namespace: agent.namespace, agent: agentId(agent), peer: call.peer };
    const place = call.hasBody ? this.#halfSent.take(taker) : () => undefined;
    if (place === undefined) {
      sendProblem(call, problems.tooManyUploads);
      return;
    }
    const places: Place[] = [place];
    const gone = new AbortController();
    call.answer.onGone(() => gone.abort());
    let body: RequestBody | undefined;
    try {
      body = call.openBody(this.#kept);
      await body.prefetch(limits.quietMs);
      if (!body.ended) {
        const upload = await this.#uploads.wait(taker, gone.signal);
        if (upload === undefined) return;
        places.push(upload);
      }
      const giveBack = (): void => places.forEach((each) => each());
      if (body.ended) giveBack();
      else body.onEnd(giveBack);
      const caller = this.#agents?.callerReader(agent)?.read({
        ...{ headers: call.headers, now: context.now() },
        body: body.whole,
      });
      await this.#begin({ call, body, agent, path }, { ...said, caller }, context);
    } finally {
      body?.close();
      for (const each of places) each();
    }
  }

  async #begin(taken: Taken, told: Told, context: InvocationContext): Promise<void> {
    const { method, headers } = taken.call;
    const isDeferred = method === 'POST' && prefersAsync(single(headers['prefer']));
    if (isDeferred && this.#options.results !== undefined) await this.#defer(taken, told, context);
    else await this.#invoke(taken, told, context);
  }

  /** Its caller does not wait: the answer is kept, and the id is claimed whoever made it. */
  async #defer(taken: Taken, told: Told, context: InvocationContext): Promise<void> {
    const { call, body, agent } = taken;
    const place = this.#deferred.take({ namespace: agent.namespace, agent: agentId(agent), peer: call.peer });
    const run = this.#options.results?.defer(call, { agent, body, ...told });
    if (place === undefined || run === undefined) {
      place?.();
      sendProblem(call, problems.tooManyDeferred);
      return;
    }
    try {
      await this.#invoke({ ...taken, call: run.call }, { ...told, ownId: true }, context);
    } finally {
      await run.settle().finally(place);
    }
  }

  async #invoke(taken: Taken, told: Told, context: InvocationContext): Promise<void> {
    const { outbox } = this.#options;
    if (outbox.isTight(taken.agent)) context.hurry(taken.agent.namespace);
    const events = outbox.reserve(eventsPerCall, taken.agent);
    if (events === undefined) {
      sendProblem(taken.call, problems.recordsFull);
      return;
    }
    await withEvents(events, context, (within) =>
      new InvocationRun(within, { ...taken, ...told, events }).run(),
    );
  }
}

interface Taken {
  readonly call: Call;
  readonly body: RequestBody;
  readonly agent: IngressAgent;
  readonly path: string;
}

/** Gives back the room for events when the run is over, or when what it postponed is done. */
async function withEvents(
  events: Reservation,
  context: InvocationContext,
  run: (context: InvocationContext) => Promise<void>,
): Promise<void> {
  let postponed = false;
  const later: InvocationContext['later'] = (when, late, namespace) => {
    postponed = true;
    const release = (): void => {
      late();
      events.release();
    };
    context.later(when, release, namespace);
  };
  try {
    await run({ ...context, later });
  } finally {
    if (!postponed) events.release();
  }
}
