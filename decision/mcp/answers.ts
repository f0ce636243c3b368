/**
 * What of an MCP server's answers an agent is shown: of a list, what it may use. Pure. It asks the very judgement a call of the
 * entry would get, so that a list and the calls cannot differ; it has no rules of its own.
 */
import { refuse, type Call } from '../call.ts';
import type { RpcBody, RpcMessage } from '../rpc-message.ts';
import { judgeMessage, printable } from './judge.ts';
import { serverRequestOf } from './method.ts';
import type { McpPlan } from './plan.ts';
import { rpcError } from './rpc-error.ts';

/** By the member of a result that holds the list: the request that an entry is there for, and what names it. */
export const listedKinds = {
  tools: { method: 'tools/call', names: 'name' },
  prompts: { method: 'prompts/get', names: 'name' },
  resources: { method: 'resources/read', names: 'uri' },
  // A template is judged as the text it is: one that no rule takes as a URI is not shown, whatever it could become.
  resourceTemplates: { method: 'resources/read', names: 'uriTemplate' },
} as const;

export type ListedKind = keyof typeof listedKinds;

type Asked = Pick<Call, 'method' | 'body'> & { readonly head: Pick<Call['head'], 'fields'> };

function isForEvents({ name, value }: Call['head']['fields'][number]): boolean {
  return name === 'accept' && /\btext\/event-stream\b/i.test(value);
}

/** How the answer to a call of an MCP server is to be read; absent: nothing could be hidden in it. */
export class McpAnswers {
  readonly #plan: McpPlan;
  readonly #asked: RpcBody | undefined;
  /** The agent asks for the stream of what a server says by itself: its client takes the answer for one whatever it says it is. */
  readonly opensStream: boolean;

  private constructor(plan: McpPlan, { method, head, body }: Asked) {
    this.#plan = plan;
    this.#asked = body.kind === 'rpc' ? body.rpc : undefined;
    this.opensStream = method === 'GET' && head.fields.some(isForEvents);
  }

  static of(plan: McpPlan, asked: Asked): McpAnswers | undefined {
    const showsAll = plan.clauses.length === 0 && plan.denials.length === 0 && plan.othersPass;
    return showsAll && plan.deniedRequests.length === 0 ? undefined : new McpAnswers(plan, asked);
  }

  /** Are the others by the same rules? */
  isAs(others: McpAnswers | undefined): boolean {
    const rules = ({ routes, othersPass }: McpPlan): string => JSON.stringify([routes, othersPass]);
    return others !== undefined && rules(this.#plan) === rules(others.#plan);
  }

  /** May the agent use it? */
  shows(kind: ListedKind, name: string): boolean {
    const { method } = listedKinds[kind];
    const params = method === 'resources/read' ? { uri: name } : { name };
    return judgeMessage(this.#plan, { id: 0, method, params, arguments: 'any' }).refusal === undefined;
  }

  get #requests(): readonly RpcMessage[] {
    const sent = this.#asked?.messages ?? [];
    return sent.filter(({ id, method }) => id !== undefined && method !== undefined);
  }

  /** May the server ask this of the agent? */
  mayAsk(method: string): boolean {
    const request = serverRequestOf(method);
    return request === undefined || !this.#plan.deniedRequests.includes(request);
  }

  /** The error in place of a result that asks what the server may not. */
  refuseAsking(id: RpcMessage['id'], method: string): string {
    const what = printable(method, 100) ?? '';
    return rpcError(id, refuse(403, 'tool', `an MCPRoute does not let this server ask for ${what}`));
  }

  /** How much of what was sent waits for an answer: nothing, one request that was sent alone, or a batch. */
  get awaited(): 'none' | 'one' | 'batch' {
    if (this.#requests.length === 0) return 'none';
    return this.#asked?.batch === true ? 'batch' : 'one';
  }

  /** Messages were sent of which none waits for an answer: notifications, or answers to the server. */
  get hasOnlyTold(): boolean {
    return this.#asked !== undefined && this.#requests.length === 0;
  }

  /** An answer that cannot be passed on, as an SDK takes it: an error on the same id with 200, so that its session lives. */
  fault(code: string, message: string): { readonly status: number; readonly body: string } {
    // The server took what it was told; of its answer to that nobody misses anything.
    if (this.hasOnlyTold) return { status: 202, body: '' };
    const request = this.awaited === 'one' ? this.#requests[0] : undefined;
    const refusal = { ...refuse(502, 'protocol', message), code };
    return { status: request === undefined ? 502 : 200, body: rpcError(request?.id, refusal) };
  }
}
