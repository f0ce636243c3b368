/**
 * A WebSocket that no rule is about, of an API whose answers tell what they used (Realtime, Responses): it goes on as it comes, and each
 * response of it is recorded when it is over. It only listens; it ends the socket when a response cannot be recorded.
 */
import { asObject } from '../providers/index.ts';
import { ExchangeLog } from './exchange-log.ts';
import { lastEvents } from './response-call.ts';
import { ServerMessages, type ServerEvent } from '../socket/server-messages.ts';
import type { RelayPorts } from './relay.ts';
import type { SocketMessages, SocketParts } from './socket-parts.ts';

export class WatchedSocket implements SocketMessages {
  readonly #parts: SocketParts;
  readonly #server: ServerMessages;
  /** What its session says it runs. */
  #model: string | undefined;
  #begunAt: number | undefined;
  #ends: string | undefined;

  constructor(parts: SocketParts) {
    this.#parts = parts;
    this.#server = new ServerMessages((event) => this.#event(event));
  }

  open(_ports: RelayPorts): void {}

  fromAgent(chunk: Buffer): Buffer {
    return chunk;
  }

  fromUpstream(chunk: Buffer, pass: (part: Buffer) => Buffer | string): Buffer | string {
    this.#server.push(chunk);
    return this.#ends ?? pass(chunk);
  }

  #event(event: ServerEvent): void {
    const { type, object } = event;
    const model = asObject(object['session'])?.['model'];
    if (typeof model === 'string') this.#model = model;
    if (type === 'response.created') this.#begunAt ??= this.#parts.context.now();
    if (lastEvents.has(type)) this.#record(event);
  }

  #record({ type, object }: ServerEvent): void {
    const { context, inbound, decision, judgement } = this.#parts;
    const settle = context.admit(inbound.peer.agentId);
    if (settle === undefined) {
      this.#ends = 'RECORDS_UNAVAILABLE';
      return;
    }
    const { snapshot } = context.inForce();
    const now = context.now();
    const log = new ExchangeLog(inbound, { snapshot, at: this.#begunAt ?? now });
    this.#begunAt = undefined;
    log.decided({ ...decision, messages: undefined, model: this.#model }, judgement.planBy(snapshot));
    log.sending(judgement.request, decision.candidates[0], { model: undefined, translated: undefined });
    log.facts.stream = true;
    log.startResponse(200, [], now);
    log.payee?.readResponse(object, log.facts);
    if (type === 'response.failed') log.error = 'RESPONSE_FAILED';
    settle(log.finish(now), log);
  }

  revalidate(): boolean {
    return true;
  }

  close(_error: string): void {}
}
