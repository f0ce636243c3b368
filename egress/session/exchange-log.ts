/**
 * The facts of one exchange as they come up, until they become its one record. Apart from the exchange so that relaying
 * and remembering do not mix; stage `account` and `record` of the pipeline.
 */
import { joinLogging, type DenyReason, type LoggingRule } from '../../contract/index.ts';
import type { Field } from '../http1/index.ts';
import type { Call, Peer } from '../pipeline/call.ts';
import type { Injection } from '../pipeline/credential.ts';
import type { RequestLine } from '../pipeline/identify.ts';
import type { McpFacts } from '../pipeline/mcp.ts';
import type { Route } from '../pipeline/route.ts';
import { codecFor, codecOf, type Facts, type JsonObject, type ProviderCodec } from '../providers/index.ts';
import { createCapture, type BodyCapture } from '../record/capture.ts';
import {
  computeExchangeRecord,
  type ExchangeFacts,
  type RecordedMessage,
  type SpanRecord,
} from '../record/exchange-record.ts';
import type { Snapshot } from '../snapshot.ts';

interface MessageLog {
  readonly headAt: number;
  readonly fields: readonly Field[];
  readonly capture: BodyCapture;
  endAt: number;
}

const nothing: ReadonlySet<string> = new Set();
/** The injected fields are one list for all calls of a plan (credential.ts). */
const injectedNames = new WeakMap<readonly Field[], ReadonlySet<string>>();

function namesOf(fields: readonly Field[]): ReadonlySet<string> {
  let names = injectedNames.get(fields);
  if (names === undefined) {
    names = new Set(fields.map(({ name }) => name));
    injectedNames.set(fields, names);
  }
  return names;
}

function recorded(log: MessageLog): RecordedMessage {
  const { headAt, endAt, fields, capture } = log;
  return { headAt, endAt, fields, body: capture.result(), bytes: capture.total };
}

export class ExchangeLog {
  readonly facts: Facts = {};
  readonly #peer: Peer;
  readonly #tls: boolean;
  readonly #line: RequestLine;
  readonly #snapshot: Snapshot;
  readonly #startedAt: number;
  readonly request: MessageLog;
  response: MessageLog | undefined;
  responseChunks = 0;
  status: number | undefined;
  codec: ProviderCodec | undefined;
  call: Call | undefined;
  route: Route | undefined;
  injection: Injection | undefined;
  denyReason: DenyReason | undefined;
  denyPolicy: string | undefined;
  mcp: McpFacts | undefined;
  #logging: LoggingRule | undefined;
  credentialError: { readonly policy: string; readonly message: string } | undefined;
  error: string | undefined;
  peerAddress: string | undefined;

  constructor(peer: Peer, tls: boolean, line: RequestLine, start: { snapshot: Snapshot; at: number }) {
    this.#peer = peer;
    this.#tls = tls;
    this.#line = line;
    this.#snapshot = start.snapshot;
    this.#startedAt = start.at;
    this.request = this.#message(line.fields, start.at);
  }

  #message(fields: readonly Field[], at: number): MessageLog {
    const contentType = fields.find(({ name }) => name === 'content-type')?.value;
    return {
      headAt: at,
      endAt: at,
      fields,
      capture: createCapture(this.#snapshot.config.capture, contentType),
    };
  }

  startResponse(status: number, fields: readonly Field[], at: number): void {
    this.status = status;
    this.response = this.#message(fields, at);
    if (this.#logging?.captureResponse === false) this.response.capture.drop();
  }

  /** What LoggingPolicies keep out of the record. */
  limit(logging: LoggingRule | undefined): void {
    if (logging === undefined) return;
    this.#logging = joinLogging([logging, this.#logging ?? logging]);
    if (!logging.captureRequest) this.request.capture.drop();
  }

  /** The plug-in that reads this call, as soon as the call or its route tells. */
  learnCodec(call: Call, route: Route | undefined): void {
    const name = call.provider ?? route?.backend?.schema ?? route?.provider?.rule.matches[0]?.provider;
    const codec = codecFor(name, call.path);
    if (codec === undefined || this.codec === codec) return;
    this.codec = codec;
    Object.assign(this.facts, codec.factsOfPath(call.path));
  }

  readRequest(json: JsonObject | undefined): void {
    if (json !== undefined) (this.codec ?? codecOf('custom'))?.readRequest(json, this.facts);
  }

  finish(at: number): SpanRecord {
    if (this.response !== undefined) this.response.endAt = at;
    return computeExchangeRecord({
      peer: this.#peer,
      tls: this.#tls,
      method: this.#line.method.slice(0, 32),
      target: this.#line.target,
      startedAt: this.#startedAt,
      endedAt: at,
      request: recorded(this.request),
      response: this.response === undefined ? undefined : recorded(this.response),
      responseChunks: this.responseChunks,
      status: this.status,
      decision: this.denyReason === undefined ? 'allow' : 'deny',
      denyReason: this.denyReason,
      denyPolicy: this.denyPolicy,
      mcp: this.mcp,
      hidden: this.#logging === undefined ? nothing : new Set(this.#logging.redactHeaders),
      error: this.error,
      route: this.#routeName(),
      providerRoute: this.route?.provider?.route,
      credential: this.#credential(),
      injected: this.injection === undefined ? nothing : namesOf(this.injection.fields),
      peerAddress: this.peerAddress,
      ai: this.#ai(),
      facts: this.facts,
      costUsd: this.codec && this.#snapshot.prices.costOf(this.codec.priceId, this.facts),
      digest: this.#snapshot.digest,
    });
  }

  #credential(): ExchangeFacts['credential'] {
    const { injection, credentialError } = this;
    const policies = credentialError === undefined ? (injection?.policies ?? []) : [credentialError.policy];
    return { policies, smuggled: injection?.smuggled === true, error: credentialError?.message };
  }

  #ai(): ExchangeFacts['ai'] {
    const { codec, call } = this;
    if (codec === undefined || call === undefined) return undefined;
    const operation = codec.operation(call.method, call.path);
    return { system: codec.system, provider: codec.genAiName, operation };
  }

  #routeName(): string | undefined {
    const provider = this.route?.provider?.route;
    return provider === undefined
      ? this.route?.opener
      : `AIProviderRoute/${provider.namespace}/${provider.name}`;
  }
}
