/**
 * Calls of MCP servers: every request to a host an MCPRoute governs is JSON-RPC that was read and judged, message by message,
 * or it is refused. Pure. Nothing passes unread: no upgrade, no unparsable body, no odd name.
 */
import { joinLogging, type LoggingRule, type McpRoute } from '../../contract/index.ts';
import { sumCounts, type CallCount } from '../call-limit.ts';
import { denyAnswer, refuse, type Call, type CallBody, type Refusal } from '../call.ts';
import { falseClaim } from '../rpc-claim.ts';
import { isAmbiguousMethod, isProtocolMethod, resourceOf, toolOf } from './method.ts';
import type { McpClause, McpCourse, McpPlan } from './plan.ts';
import type { RpcBody, RpcMessage } from '../rpc-message.ts';
import { headerMismatch, rpcError } from './rpc-error.ts';
import { argumentsAsked, asksPerson, countMessage, judgeRule, takesMessage } from './tool-policy.ts';

/** For the record: the last message judged. */
export interface McpFacts {
  readonly method: string | undefined;
  readonly tool: string | undefined;
  readonly resource: string | undefined;
  readonly id: string | undefined;
  readonly route: McpRoute['route'] | undefined;
  readonly decision: 'allow' | 'deny';
}

export interface AskedTool {
  readonly message: RpcMessage;
  readonly route: McpRoute['route'];
}

interface Judged {
  readonly facts: McpFacts;
  readonly logging: LoggingRule | undefined;
}

export type McpVerdict =
  | { readonly kind: 'need-body' }
  /** Each of its messages counts by itself. `asked`: it passes once a person allows this call of a tool. */
  | (Judged & {
      readonly kind: 'pass';
      readonly counts: readonly CallCount[];
      /** Where all of it goes; undefined: to where the agent sent it. */
      readonly course: McpCourse | undefined;
      readonly asked?: AskedTool;
    })
  | (Judged & { readonly kind: 'refuse'; readonly refusal: Refusal });

// Printable, so that a record and a person see the name the server sees.
const toolName = /^[\x21-\x7e]{1,256}$/;
const bodiless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);
/** Some servers read a call from the query. */
const callParameters: ReadonlySet<string> = new Set(['jsonrpc', 'method', 'params', 'name', 'tool']);

const noFacts = {
  method: undefined,
  tool: undefined,
  resource: undefined,
  id: undefined,
  route: undefined,
} as const;

function refusedWhole(refusal: Refusal, id?: RpcMessage['id']): McpVerdict {
  return {
    kind: 'refuse',
    facts: { ...noFacts, decision: 'deny' },
    logging: undefined,
    refusal: { ...refusal, body: rpcError(id, refusal) },
  };
}

/** Fields that say another thing of the message than the body does: a server may go by either. */
function judgeClaims({ claims, body }: Call): Refusal | undefined {
  const about = falseClaim(claims, body.kind === 'rpc' ? body.rpc : undefined);
  if (about === undefined) return undefined;
  const message = `a header field of the request and its body differ in the ${about} they name`;
  return { ...refuse(400, 'protocol', message), code: headerMismatch };
}

function unreadable(message: string): Refusal {
  return refuse(403, 'protocol', `${message}; this host is governed by an MCPRoute`);
}

/** The parameter a name is a part of: `params[name]` and `params.name` are of `params`. */
function rootOf(name: string): string {
  const text = name.trim().toLowerCase();
  const end = text.search(/[[.\]]/);
  return end < 0 ? text : text.slice(0, end);
}

/** What is wrong with a request before any of its messages is looked at. */
function judgeForm({ method, upgrade, queryNames, body }: Call): Refusal | undefined {
  if (upgrade) return unreadable('connections cannot be upgraded');
  if (queryNames.some((name) => callParameters.has(rootOf(name)))) {
    return unreadable('a call may not stand in the query');
  }
  if (body.kind === 'none') {
    return bodiless.has(method) ? undefined : unreadable(`${method} needs a JSON-RPC body`);
  }
  if (body.kind === 'unreadable') return body.refusal;
  return body.kind === 'inference' ? unreadable('the body is not JSON-RPC') : undefined;
}

export function judgeMcp(plan: McpPlan, call: Call): McpVerdict {
  if (plan.denied !== undefined) return refusedWhole(denyAnswer(plan.denied));
  const form = judgeForm(call);
  if (form !== undefined) return refusedWhole(form);
  const { body } = call;
  if (body.kind === 'unread' || body.kind === 'held') return { kind: 'need-body' };
  const differs = judgeClaims(call);
  if (differs !== undefined) {
    return refusedWhole(
      differs,
      body.kind === 'rpc' && !body.rpc.batch ? body.rpc.messages[0]?.id : undefined,
    );
  }
  if (body.kind !== 'rpc') {
    const course = plan.othersCourse;
    return { kind: 'pass', facts: { ...noFacts, decision: 'allow' }, logging: undefined, counts: [], course };
  }
  return judgeMessages(plan, body.rpc);
}

const inBand: ReadonlySet<Refusal['reason']> = new Set(['tool', 'limit', 'rate_limit']);

/**
 * The refusal of a message as an SDK takes it: a JSON-RPC error on the same id with 200, so that one failed call does not end
 * the session. What the owner of a policy answers by, and what has no id, keeps its status.
 */
function refusalOf(refusal: Refusal, message: RpcMessage, batch: boolean): Refusal {
  const isRequest = message.id !== undefined && message.method !== undefined && !batch;
  const answersInBand = isRequest && inBand.has(refusal.reason);
  return {
    ...refusal,
    ...(answersInBand ? { status: 200 } : {}),
    body: rpcError(batch ? undefined : message.id, refusal),
  };
}

/** What is refused after it was judged, as whoever sent such a body takes it. */
export function refuseAs(body: CallBody, refusal: Refusal): Refusal {
  if (body.kind !== 'rpc') return refusal;
  const [message] = body.rpc.messages;
  return message === undefined ? refusal : refusalOf(refusal, message, body.rpc.batch);
}

function judgeMessages(plan: McpPlan, { batch, messages }: RpcBody): McpVerdict {
  let last: Judged = { facts: { ...noFacts, decision: 'allow' }, logging: undefined };
  const counts: CallCount[][] = [];
  const courses = new Set<McpCourse | undefined>();
  for (const message of messages) {
    const { refusal, facts, logging, course, count, asked } = readMessage(plan, message);
    last = { facts, logging: joinedLogging(last.logging, logging) };
    counts.push(count);
    courses.add(course);
    const why = refusal ?? (batch ? judgeBeside(courses, message, asked) : undefined);
    if (why !== undefined) return { ...last, kind: 'refuse', refusal: refusalOf(why, message, batch) };
    if (asked !== undefined) return { ...last, kind: 'pass', counts: sumCounts(counts), course, asked };
  }
  const course = courses.size === 0 ? plan.othersCourse : [...courses][0];
  return { ...last, kind: 'pass', counts: sumCounts(counts), course };
}

/** A message with everything that its rule says of it. */
function readMessage(plan: McpPlan, message: RpcMessage) {
  const { refusal, clause } = judgeMessage(plan, message);
  const facts = factsOf(message, clause, refusal === undefined ? 'allow' : 'deny');
  if (clause === undefined) {
    const nothing = { logging: undefined, count: [], asked: undefined };
    return { ...nothing, refusal, facts, course: plan.othersCourse };
  }
  const { compiled, course, route } = clause;
  const asked: AskedTool | undefined = asksPerson(clause, message) ? { message, route } : undefined;
  return {
    ...{ refusal, facts, course, asked },
    logging: compiled.rule.logging,
    count: countMessage(clause, message),
  };
}

/** One rule that keeps bodies out of records keeps out the body all share. */
export function joinedLogging(...rules: ReadonlyArray<LoggingRule | undefined>): LoggingRule | undefined {
  const present = rules.filter((each) => each !== undefined);
  return present.length === 0 ? undefined : joinLogging(present);
}

/** What may not be beside the messages of a batch before it. */
function judgeBeside(
  courses: ReadonlySet<McpCourse | undefined>,
  message: RpcMessage,
  asked: AskedTool | undefined,
): Refusal | undefined {
  if (courses.size > 1) return scattered;
  return asked === undefined ? undefined : inBatch(message);
}

/** One request goes to one place. */
const scattered = refuse(
  403,
  'protocol',
  'the messages of this batch go to different Backends of their MCPRoute: send each in a request of its own',
);

/** A person who decides sees one call; an answer about it would be about all of a batch. */
function inBatch(message: RpcMessage): Refusal {
  const what = `the tool "${toolOf(message) ?? ''}" needs a person's approval`;
  return refuse(403, 'approval', `${what}: call it in a request of its own`);
}

export function printable(text: string | undefined, maxLength: number): string | undefined {
  return text?.replace(/[^\x20-\x7e]/g, '?').slice(0, maxLength);
}

function factsOf(
  message: RpcMessage,
  clause: McpClause | undefined,
  decision: McpFacts['decision'],
): McpFacts {
  return {
    method: printable(message.method, 128),
    tool: printable(toolOf(message), 256),
    resource: printable(resourceOf(message), 1_024),
    id: printable(message.id === undefined ? undefined : String(message.id), 128),
    route: clause?.route,
    decision,
  };
}

export interface MessageOutcome {
  readonly refusal: Refusal | undefined;
  /** The rule that took it. */
  readonly clause: McpClause | undefined;
}

/** Names that another reader may take for other names. */
function judgeSpelling(method: string, message: RpcMessage): Refusal | undefined {
  if (isAmbiguousMethod(method)) {
    return unreadable('the method is spelled in a way that servers may read differently');
  }
  return method === 'tools/call' && !toolName.test(toolOf(message) ?? '')
    ? unreadable('tools/call needs the printable name of a tool')
    : undefined;
}

export function judgeMessage(plan: McpPlan, message: RpcMessage): MessageOutcome {
  const none: MessageOutcome = { refusal: undefined, clause: undefined };
  const { method } = message;
  if (method === undefined) return none;
  const odd = judgeSpelling(method, message);
  if (odd !== undefined) return { ...none, refusal: odd };
  const denial = plan.denials.find((clause) => takesMessage(clause, message));
  if (denial !== undefined) return { refusal: denyAnswer(denial.answer), clause: denial };
  const clause = plan.clauses.find((each) => takesMessage(each, message));
  if (clause !== undefined) return { refusal: judgeRule(clause, message), clause };
  if (plan.othersPass || isProtocolMethod(method)) return none;
  const tool = toolOf(message);
  const what = tool === undefined ? method.slice(0, 100) : `the tool "${tool}"`;
  return { ...none, refusal: refuse(403, 'tool', `no rule of an MCPRoute takes ${what}`) };
}

/** What the rule that takes a message asks of its arguments. */
export function argumentsAskedOf({ clauses }: McpPlan, message: RpcMessage): readonly string[] {
  const clause = clauses.find((each) => takesMessage(each, message));
  return clause === undefined ? [] : argumentsAsked(clause, message);
}
