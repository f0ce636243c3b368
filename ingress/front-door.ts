/**
 * Every request that reaches the ingress: who is it for, may it come in at all, then an InvocationRun. What it
 * refuses here (400, 404, not ready) belongs to no agent or was never admitted and leaves no record.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ClrkError, errorMessage, header, type IngressConfig } from '../contract/index.ts';
import type { Log } from '../process/index.ts';
import { AgentTable } from './agent-table.ts';
import { parseTraceParent, parseTrigger, resolveInvocationId } from './caller.ts';
import { eventsPerCall, InvocationRun, type InvocationContext } from './invocation.ts';
import type { Outbox } from './outbox.ts';
import { problems, sendProblem, type Problem } from './problem.ts';
import type { RecentIds } from './recent-id.ts';
import { RequestBody } from './request-body.ts';
import { parseTarget, type Target } from './target.ts';

export interface FrontDoorOptions {
  readonly outbox: Outbox;
  readonly recentIds: RecentIds;
  readonly log: Log;
  readonly isDraining: () => boolean;
  /** Undefined until there is a config with a client certificate. */
  readonly context: () => InvocationContext | undefined;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

function problemOf(error: ClrkError): Problem {
  if (error.code === 'BODY_TOO_LARGE') return problems.bodyTooLarge;
  const { code, message, hint } = error;
  return { status: 400, code, message, ...(hint === undefined ? {} : { hint }) };
}

export class FrontDoor {
  readonly #options: FrontDoorOptions;
  #agents: AgentTable | undefined;
  #active = 0;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
  }

  get active(): number {
    return this.#active;
  }

  configure(config: IngressConfig): void {
    this.#agents = new AgentTable(config);
  }

  /** Never throws. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#active++;
    // Without a listener a broken connection would end the process.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    try {
      await this.#serve(request, response);
    } catch (thrown) {
      if (thrown instanceof ClrkError) sendProblem(response, problemOf(thrown));
      else if (!request.destroyed || request.complete) {
        this.#options.log.error({ reason: errorMessage(thrown) }, 'request failed');
        sendProblem(response, problems.internal);
      }
    } finally {
      this.#active--;
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const context = this.#options.context();
    const notReady = this.#options.isDraining() ? problems.draining : problems.notConfigured;
    if (this.#options.isDraining() || this.#agents === undefined || context === undefined) {
      sendProblem(response, notReady);
      return;
    }
    const target = parseTarget({
      url: request.url ?? '',
      host: request.headers.host,
      taskAgentHeader: single(request.headers[header.taskAgent]),
    });
    await this.#invoke(request, response, target, context);
  }

  async #invoke(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    context: InvocationContext,
  ): Promise<void> {
    const agent = this.#agents?.find(target.namespace, target.name);
    if (agent === undefined) {
      sendProblem(response, problems.agentNotFound);
      return;
    }
    const events = this.#options.outbox.reserve(eventsPerCall);
    if (events === undefined) {
      sendProblem(response, problems.recordsFull);
      return;
    }
    let keepReservation = false;
    try {
      const body = new RequestBody(request);
      await body.prefetch();
      const { headers } = request;
      const id = this.#takeId(single(headers[header.invocationId]));
      const trigger = parseTrigger(single(headers[header.trigger]));
      const parent = parseTraceParent(
        single(headers[header.traceparent]),
        single(headers[header.tracestate]),
      );
      response.setHeader(header.invocationId, id);
      const later: InvocationContext['later'] = (ms, run) => {
        keepReservation = true;
        context.later(ms, () => {
          run();
          events.release();
        });
      };
      const call = { request, response, body, agent, path: target.path, id, trigger, parent, events };
      await new InvocationRun({ ...context, later }, call).run();
    } finally {
      if (!keepReservation) events.release();
    }
  }

  #takeId(given: string | undefined): string {
    const { recentIds } = this.#options;
    const id = resolveInvocationId(given, (used) => recentIds.has(used));
    recentIds.add(id);
    return id;
  }
}
