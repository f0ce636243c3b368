/**
 * What a person is asked before a call goes, which other calls the answer is about, and how a call nobody allowed is refused.
 * Pure. An answer that lasts covers calls to the same place by the same rule: what differs beyond that was not seen by anybody,
 * and whoever answers is told so.
 */
import {
  approvalBounds,
  digestOf,
  type ApprovalAnswer,
  type ApprovalScope,
  type AskedCall,
} from '../contract/index.ts';
import { refuse, type Call, type Refusal, type Site } from './call.ts';
import { rpcError } from './mcp/rpc-error.ts';
import { toolOf } from './mcp/method.ts';
import type { RpcMessage, WrittenJson } from './rpc-message.ts';
import { showArguments } from './shown-arguments.ts';
import { showText } from './shown-text.ts';

/** The route whose rule wants an answer, or the gateway, about what no route opens. */
export interface AskingRule {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Ask {
  /** 64 hex digits. */
  readonly key: string;
  readonly route: AskingRule;
  readonly call: AskedCall;
  /** The JSON-RPC message it is about; undefined: it is about the whole request. */
  readonly message: RpcMessage | undefined;
}

/** What nobody can be shown is told by its digest, and as cut. */
function renderArguments({
  text: written,
  digest: argumentsDigest,
}: WrittenJson): Pick<AskedCall, 'arguments' | 'argumentsDigest' | 'cut'> {
  const told = written === undefined ? undefined : showArguments(written);
  if (told === undefined) return { argumentsDigest, cut: true };
  const { text, cut } = showText(told, approvalBounds.shown);
  return { arguments: text, argumentsDigest, ...(cut ? { cut } : {}) };
}

/** Of a call, what an agent wrote, each as a person is shown it. */
function shownParts(parts: { readonly [K in 'path' | 'model' | 'tool']?: string | undefined }): Pick<
  AskedCall,
  'path' | 'model' | 'tool' | 'cut'
> {
  const most = { path: approvalBounds.shown, model: 200, tool: 256 };
  const names = (['path', 'model', 'tool'] as const).filter((name) => parts[name] !== undefined);
  const shown = names.map((name) => ({ name, ...showText(parts[name] ?? '', most[name]) }));
  return {
    ...Object.fromEntries(shown.map(({ name, text }) => [name, text])),
    ...(shown.some(({ cut }) => cut) ? { cut: true } : {}),
  };
}

function keyOf(parts: readonly unknown[]): string {
  return digestOf(JSON.stringify(parts)).slice('sha256:'.length);
}

interface Asking {
  readonly site: Site;
  readonly call: Call;
  readonly route: Ask['route'];
}

function placeOf({ site, call }: Asking): Pick<AskedCall, 'method' | 'host' | 'port'> {
  // What it becomes then is another thing to allow: nobody asks about what is said in it.
  const method = call.upgrade ? `${call.method} (WebSocket)` : call.method;
  return { method, host: site.hostname ?? site.ip ?? '', port: site.port };
}

/** Of a call under a rule of an HTTP or provider route, or to a place that no route opens. */
export function askOfCall(asking: Asking, model: string | undefined): Ask {
  const { call, route, site } = asking;
  const place = placeOf(asking);
  const { bodyBytes } = call.head;
  return {
    key: keyOf([route, place, site.tls, call.path, model]),
    route,
    call: {
      ...place,
      ...shownParts({ path: call.path, model }),
      ...(bodyBytes === 0 ? {} : bodyBytes === undefined ? { cut: true } : { bodyBytes }),
    },
    message: undefined,
  };
}

/** Of the call of a tool. */
export function askOfTool(asking: Asking, message: RpcMessage): Ask {
  const tool = toolOf(message) ?? '';
  const { method: _post, ...place } = placeOf(asking);
  return {
    // Another path of the host may be another server.
    key: keyOf([asking.route, place, asking.site.tls, asking.call.path, tool]),
    route: asking.route,
    call: {
      ...{ ...place, method: 'tools/call' },
      // Where either is cut, that is told.
      ...(typeof message.arguments === 'object' ? renderArguments(message.arguments) : {}),
      ...shownParts({ tool, path: asking.call.path }),
    },
    message,
  };
}

export const approvalCodes = {
  denied: 'APPROVAL_DENIED',
  timeout: 'APPROVAL_TIMEOUT',
  unavailable: 'APPROVAL_UNAVAILABLE',
  full: 'APPROVAL_LIMIT',
} as const;

/** Why a call that needed a person's approval is refused; an MCP client is told in band, so that its session lives. */
export function refuseAsk({ message }: Ask, why: keyof typeof approvalCodes, detail: string): Refusal {
  const status = why === 'unavailable' || why === 'full' ? 503 : 403;
  const refusal: Refusal = { ...refuse(status, 'approval', detail), code: approvalCodes[why] };
  if (message === undefined) return refusal;
  return {
    ...refusal,
    ...(message.id === undefined ? {} : { status: 200 }),
    body: rpcError(message.id, refusal),
  };
}

/** An answer that lasts, and for whom it was given. */
export interface LastingAnswer {
  readonly key: string;
  readonly agentUid: string;
  /** Only where the scope is Invocation. */
  readonly invocation: string;
  readonly scope: ApprovalScope;
  readonly answer: ApprovalAnswer;
}

/** Is the answer about this call too? `Once` is about the call it was given for, and never about another. */
export function covers(
  lasting: LastingAnswer,
  ask: { readonly key: string; readonly agentUid: string; readonly invocation: string },
): boolean {
  if (lasting.key !== ask.key || lasting.agentUid !== ask.agentUid) return false;
  switch (lasting.scope) {
    case 'Once':
      return false;
    case 'Invocation':
      return lasting.invocation === ask.invocation;
    case 'Agent':
      return true;
    default:
      return lasting.scope satisfies never;
  }
}

/** Of several answers about a call: a denial wins. */
export function strictest<T extends { readonly answer: ApprovalAnswer }>(
  answers: readonly T[],
): T | undefined {
  return answers.find(({ answer }) => answer === 'Deny') ?? answers[0];
}
