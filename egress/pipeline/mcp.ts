/**
 * Calls of MCP servers: every request to a host an MCPRoute governs is JSON-RPC that was read and judged, member by
 * member, or it is refused. Pure. Nothing passes unread: no upgrade, no compressed or unparsable body, no odd name.
 */
import {
  joinLogging,
  type GatewayConfig,
  type LoggingRule,
  type McpRoute,
  type McpRule,
} from '../../contract/index.ts';
import { fieldValue } from '../http1/index.ts';
import { refuse, type Call, type Refusal } from './call.ts';
import { denyAnswer } from './deny.ts';
import { parseRpcBody, type RpcBody, type RpcMessage } from '../body/json-rpc.ts';
import { governingRoutes } from './mcp-host.ts';
import { openedOtherwise } from './route.ts';
import { isReadableRule, judgeTool, resourceOf, takes, takesAll, toolOf } from './tool-policy.ts';

/** For the record: the last message judged. */
export interface McpFacts {
  readonly method: string | undefined;
  readonly tool: string | undefined;
  readonly resource: string | undefined;
  readonly id: string | undefined;
  readonly route: McpRoute['route'] | undefined;
  readonly decision: 'allow' | 'deny';
}

interface Judged {
  /** undefined: no MCPRoute governs the host. */
  readonly facts: McpFacts | undefined;
  readonly logging: LoggingRule | undefined;
}

export type McpVerdict =
  | { readonly kind: 'need-body' }
  | (Judged & { readonly kind: 'pass' })
  | (Judged & { readonly kind: 'refuse'; readonly refusal: Refusal });

/** What a session needs and no rule is about. Every other method must be taken by a rule, where there are rules. */
const protocolMethods: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'prompts/list',
  'logging/setLevel',
]);
// Printable, so that a record and a person see the name the server sees.
const toolName = /^[\x21-\x7e]{1,256}$/;
const bodiless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

interface Choice {
  readonly route: McpRoute;
  readonly rule: McpRule;
}

/** `body` undefined: not read yet. */
export function judgeMcp(config: GatewayConfig, call: Call, body: Uint8Array | undefined): McpVerdict {
  const routes = governingRoutes(config, call.peer.hostname);
  const host = call.peer.hostname ?? '';
  if (routes.length === 0) return { kind: 'pass', facts: undefined, logging: undefined };
  const denied = deniedWhole(routes, host);
  if (denied !== undefined) return refusedWhole(denied);
  const form = judgeForm(call, body);
  if (form !== undefined) return form.kind === 'need-body' ? form : refusedWhole(form);
  if (body === undefined || body.length === 0)
    return { kind: 'pass', facts: noFacts('allow'), logging: undefined };
  const rpc = parseRpcBody(body);
  if (rpc === undefined)
    return refusedWhole(unreadable('the body is not JSON-RPC that reads in one way only'));
  return judgeMessages(config, call, routes, rpc);
}

function noFacts(decision: McpFacts['decision']): McpFacts {
  return {
    method: undefined,
    tool: undefined,
    resource: undefined,
    id: undefined,
    route: undefined,
    decision,
  };
}

function refusedWhole(refusal: Refusal): McpVerdict {
  return {
    kind: 'refuse',
    facts: noFacts('deny'),
    logging: undefined,
    refusal: { ...refusal, body: rpcError(undefined, refusal) },
  };
}

function unreadable(message: string): Refusal {
  return refuse(403, 'protocol', `${message}; this host is governed by an MCPRoute`);
}

/** A JSON-RPC error, for clients that read the body whatever the status. */
function rpcError(id: RpcMessage['id'], { message }: Refusal): string {
  return JSON.stringify({ jsonrpc: '2.0', id: id ?? null, error: { code: -32_001, message } });
}

function deniedWhole(routes: readonly McpRoute[], host: string): Refusal | undefined {
  const hit = routes.find(
    ({ denial, rules }) =>
      denial !== undefined && (rules.length === 0 || rules.some((rule) => takesAll(rule, host))),
  );
  return hit?.denial === undefined ? undefined : denyAnswer(hit.denial);
}

function judgeForm(
  call: Call,
  body: Uint8Array | undefined,
): Refusal | { readonly kind: 'need-body' } | undefined {
  const { fields, method } = call;
  if (fieldValue(fields, 'upgrade') !== undefined) return unreadable('connections cannot be upgraded');
  if (body === undefined) return { kind: 'need-body' };
  if (body.length === 0) {
    return bodiless.has(method) ? undefined : unreadable(`${method} needs a JSON-RPC body`);
  }
  if ((fieldValue(fields, 'content-encoding') ?? 'identity').toLowerCase() !== 'identity') {
    return unreadable('the body must not be compressed');
  }
  const type = fieldValue(fields, 'content-type') ?? '';
  return /^application\/json *(;|$)/i.test(type)
    ? undefined
    : unreadable('the body must be application/json');
}

function judgeMessages(
  config: GatewayConfig,
  call: Call,
  routes: readonly McpRoute[],
  { batch, messages }: RpcBody,
): McpVerdict {
  const host = call.peer.hostname ?? '';
  const open =
    routes.every(({ denial }) => denial !== undefined) && openedOtherwise(config.destinations, call.peer);
  let last: Judged = { facts: noFacts('allow'), logging: undefined };
  for (const message of messages) {
    const { refusal, choice } = judgeMessage(routes, message, { host, open });
    const facts = factsOf(message, choice, refusal === undefined ? 'allow' : 'deny');
    // One rule that keeps bodies out of records keeps out the body all share.
    const rules = [last.logging, choice?.rule.logging].filter((each) => each !== undefined);
    last = { facts, logging: rules.length === 0 ? undefined : joinLogging(rules) };
    if (refusal === undefined) continue;
    const body = rpcError(batch ? undefined : message.id, refusal);
    return { ...last, kind: 'refuse', refusal: { ...refusal, body } };
  }
  return { ...last, kind: 'pass' };
}

function factsOf(message: RpcMessage, choice: Choice | undefined, decision: McpFacts['decision']): McpFacts {
  const tool = toolOf(message);
  return {
    method: message.method?.replace(/[^\x20-\x7e]/g, '?').slice(0, 128),
    tool: tool === undefined ? undefined : tool.replace(/[^\x20-\x7e]/g, '?').slice(0, 256),
    resource: resourceOf(message)
      ?.replace(/[^\x20-\x7e]/g, '?')
      .slice(0, 1_024),
    id:
      message.id === undefined
        ? undefined
        : String(message.id)
            .replace(/[^\x20-\x7e]/g, '?')
            .slice(0, 128),
    route: choice?.route.route,
    decision,
  };
}

interface Outcome {
  readonly refusal: Refusal | undefined;
  readonly choice: Choice | undefined;
}

/** One message. `open`: the host is open without any MCPRoute, and all that govern it only deny. */
export function judgeMessage(
  routes: readonly McpRoute[],
  message: RpcMessage,
  { host, open }: { readonly host: string; readonly open: boolean },
): Outcome {
  const none = { refusal: undefined, choice: undefined };
  const { method } = message;
  if (method === undefined) return none;
  if (method === 'tools/call' && !toolName.test(toolOf(message) ?? '')) {
    return { ...none, refusal: unreadable('tools/call needs the printable name of a tool') };
  }
  const denied = choose(
    routes.filter(({ denial }) => denial !== undefined),
    message,
    host,
  );
  if (denied?.route.denial !== undefined) {
    return { refusal: denyAnswer(denied.route.denial), choice: denied };
  }
  return judgeLive(
    routes.filter(({ denial }) => denial === undefined),
    message,
    { host, open },
  );
}

function judgeLive(
  live: readonly McpRoute[],
  message: RpcMessage,
  { host, open }: { readonly host: string; readonly open: boolean },
): Outcome {
  const choice = choose(live, message, host);
  if (choice !== undefined) return { refusal: judgeRule(choice.rule, message), choice };
  const { method = '' } = message;
  const passes = open || live.some(({ rules }) => rules.length === 0);
  if (passes || protocolMethods.has(method) || method.startsWith('notifications/')) {
    return { refusal: undefined, choice: undefined };
  }
  const tool = toolOf(message);
  const what = tool === undefined ? method.slice(0, 100) : `the tool "${tool}"`;
  return { refusal: refuse(403, 'tool', `no rule of an MCPRoute takes ${what}`), choice: undefined };
}

function choose(routes: readonly McpRoute[], message: RpcMessage, host: string): Choice | undefined {
  for (const route of routes) {
    const rule = route.rules.find((each) => takes(each, message, host));
    if (rule !== undefined) return { route, rule };
  }
  return undefined;
}

function judgeRule(rule: McpRule, message: RpcMessage): Refusal | undefined {
  const problem = isReadableRule(rule) ? rule.unsupported[0] : 'a pattern of its matches cannot be read';
  if (problem !== undefined) {
    return refuse(503, 'limit', `this route cannot be carried out by the gateway: ${problem}`);
  }
  const tool = toolOf(message);
  if (tool === undefined) return undefined;
  const verdicts = rule.toolPolicies.map((policy) => judgeTool(policy, tool));
  // What is forbidden is said before what cannot be counted.
  const verdict =
    verdicts.find((each) => each?.status === 403) ?? verdicts.find((each) => each !== undefined);
  return verdict === undefined ? undefined : refuse(verdict.status, verdict.reason, verdict.message);
}

/** Do two configs say the same of a host's MCP calls? A call under way on the older one may then go on (S36). */
export function sameMcp(before: GatewayConfig, after: GatewayConfig, host: string | undefined): boolean {
  return JSON.stringify(governingRoutes(before, host)) === JSON.stringify(governingRoutes(after, host));
}
