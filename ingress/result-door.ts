/**
 * The door of calls whose callers do not wait: takes one in, keeps its answer, and gives it to who may have it. It must never give
 * an answer as whole that is not, nor one to a caller that a key set says is another.
 */
import {
  boundedTimeoutMs,
  callResults,
  header,
  isInvocationId,
  reservedPath,
  resultLocation,
  resultPathPrefix,
  type CallerField,
  type CallResult,
  type IngressAgent,
  type ResultKey,
} from '../contract/index.ts';
import type { Log } from '../process/index.ts';
import { sendRunning } from './accepted.ts';
import type { Call, Preparation } from './call.ts';
import type { CallerReader } from './caller-identity.ts';
import { callState, verifiedCaller, type CallState, type ResultStore } from './call-results.ts';
import { DeferredCall } from './deferred-call.ts';
import { sharedOriginHeaders } from './dispatch-header.ts';
import { problems, sendProblem, type Problem } from './problem.ts';
import type { ReferenceClock } from './reference-clock.ts';
import type { RequestBody } from './request-body.ts';

/** After its timeout a run is ended by its ingress, and its result is written: within so long. */
const settleMs = 30_000;

export interface ResultDoorOptions {
  readonly store: ResultStore;
  readonly clock: Pick<ReferenceClock, 'now'>;
  readonly log: Log;
}

export interface DeferredRun {
  readonly call: DeferredCall;
  /** Its run is over: what there is of an answer is kept. Rejects with what was wrong with its body. */
  settle(): Promise<void>;
}

export class ResultDoor {
  readonly #options: ResultDoorOptions;
  readonly #settling = new Set<Promise<unknown>>();

  constructor(options: ResultDoorOptions) {
    this.#options = options;
  }

  /** Is this path the platform's, whatever the agent has there? */
  static owns(path: string): boolean {
    return path.startsWith(reservedPath);
  }

  defer(
    call: Call,
    {
      agent,
      id,
      body,
      caller,
    }: {
      readonly agent: IngressAgent;
      readonly id: string;
      readonly body: RequestBody;
      readonly caller: readonly CallerField[] | undefined;
    },
  ): DeferredRun {
    const { store } = this.#options;
    const key: ResultKey = { namespace: agent.namespace, uid: agent.uid, id };
    const runMs = boundedTimeoutMs(agent) + settleMs;
    let marked = false;
    const prepare = async (): Promise<Preparation> => {
      const whom = verifiedCaller(caller);
      const written = await store.mark(key, {
        version: 1,
        runMs,
        ...(whom === undefined ? {} : { caller: whom }),
      });
      marked = written === 'written';
      return marked ? 'ready' : written === 'taken' ? 'used' : 'doubt';
    };
    const deferred = new DeferredCall(call, { id, body, prepare, location: resultLocation(agent, id) });
    const settle = async (): Promise<void> => {
      if (!marked) return;
      // Whatever ended the run without a word has ended its answer too.
      deferred.answer.kept.cut();
      const settling = this.#keep(
        key,
        deferred.answer.kept.result(),
        Math.ceil((runMs + callResults.keepMs) / 1_000),
      );
      this.#settling.add(settling);
      await settling.finally(() => this.#settling.delete(settling));
      deferred.close();
    };
    return { call: deferred, settle };
  }

  /** Resolves when every result is kept, or could not be. */
  async settled(): Promise<void> {
    await Promise.all(this.#settling);
  }

  async #keep(key: ResultKey, result: CallResult, ttlSeconds: number): Promise<void> {
    const { store, log } = this.#options;
    if (await store.keep(key, result, ttlSeconds)) return;
    // No room for the answer: that it ended, and how long it was, takes little.
    const bare: CallResult = { ...result, end: 'cut', body: new Uint8Array() };
    if (result.body.length > 0 && (await store.keep(key, bare, ttlSeconds))) return;
    log.error({ namespace: key.namespace, invocation: key.id }, 'the result of a call was not kept');
  }

  /** A request below the reserved path. `reader`: of the agent's callers. */
  async answer(
    call: Call,
    agent: IngressAgent,
    { path, reader }: { readonly path: string; readonly reader: CallerReader | undefined },
  ): Promise<void> {
    const [place = '', query = ''] = path.split('?', 2);
    const id = place.startsWith(resultPathPrefix) ? place.slice(resultPathPrefix.length) : '';
    const isRead = call.method === 'GET' || call.method === 'HEAD';
    if (!isInvocationId(id)) sendProblem(call, problems.resultUnknown);
    else if (!isRead) sendProblem(call, problems.methodOfResult, { allow: 'GET, HEAD' });
    else {
      const state = await this.#stateFor(call, { namespace: agent.namespace, uid: agent.uid, id }, reader);
      const kept = new URLSearchParams(query).has('kept');
      sendState(call, state, { id, location: resultLocation(agent, id), kept });
    }
  }

  /** Undefined: it is not known now. */
  async #stateFor(
    call: Call,
    key: ResultKey,
    reader: CallerReader | undefined,
  ): Promise<CallState | undefined> {
    const { store, clock } = this.#options;
    const [now, stored] = await Promise.all([clock.now(), store.read(key)]);
    if (now === undefined || stored === undefined) return undefined;
    const caller = reader?.read({ headers: call.headers, body: undefined, now: Date.now() });
    return callState(stored, now, verifiedCaller(caller));
  }
}

interface Told {
  readonly id: string;
  readonly location: string;
  /** Who asks wants what there is, whole or not. */
  readonly kept: boolean;
}

const withoutResult: Readonly<Record<'unknown' | 'over' | 'lost', Problem>> = {
  unknown: problems.resultUnknown,
  over: problems.resultOver,
  lost: problems.resultLost,
};

function sendState(call: Call, state: CallState | undefined, told: Told): void {
  switch (state?.kind) {
    case undefined:
      return sendProblem(call, problems.resultsUnavailable);
    case 'unknown':
    case 'over':
    case 'lost':
      return sendProblem(call, withoutResult[state.kind], { [header.invocationId]: told.id });
    case 'running':
      return sendRunning(call, told, { 'retry-after': '1' });
    case 'done':
      return sendResult(call, state.result, told);
    default:
      return state satisfies never;
  }
}

const unfinished: Readonly<Record<Exclude<CallResult['end'], 'whole'>, Problem>> = {
  cut: problems.resultCut,
  broken: problems.resultBroken,
};

function sendResult(call: Call, result: CallResult, { id, kept }: Told): void {
  const { status, headers, end, bytes, body, headersLeft } = result;
  const told = {
    ...(end === 'whole' ? {} : { [header.resultEnd]: `${end}; kept=${body.length}; bytes=${bytes}` }),
    ...(headersLeft === undefined ? {} : { [header.resultHeadersLeft]: String(headersLeft) }),
  };
  if (end !== 'whole' && !kept) {
    const problem = unfinished[end];
    return sendProblem(call, problem, { ...told, [header.invocationId]: id });
  }
  send(call, { status, headers: { ...headers, ...told } }, { id, text: body });
}

function send(
  call: Call,
  head: Parameters<Call['answer']['begin']>[0],
  { id, text }: { readonly id: string; readonly text: Uint8Array },
): void {
  const { answer } = call;
  if (answer.closed) return;
  answer.begin({
    status: head.status,
    headers: {
      'cache-control': 'no-store',
      ...head.headers,
      'content-length': text.length,
      ...sharedOriginHeaders,
      [header.invocationId]: id,
      ...(call.complete ? {} : { connection: 'close' }),
    },
  });
  void answer.write(text);
  call.endAfterBody(() => answer.end());
}
