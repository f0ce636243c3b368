/**
 * The ways a call may go once a rule has taken it: each is judged for this call, and what is left goes out as candidates in their
 * order, each with its own secret. Pure; it must never offer a way that is refused.
 */
import { type HeaderEdit, type RouteFallback } from '../contract/index.ts';
import type { WouldDeny } from './audit.ts';
import { judgeAtBackend, judgeRename, judgeTranslated } from './backend-judgement.ts';
import { judgeSigning, signingNeed } from './body-need.ts';
import type { Budget } from './budget.ts';
import type { CallCount } from './call-limit.ts';
import { refuse, type Call, type Refusal, type Site } from './call.ts';
import { noCredentials } from './credential.ts';
import type { Candidate, Common, Decision } from './decision.ts';
import type { McpAnswers } from './mcp/answers.ts';
import type { Way } from './provider-clause.ts';
import type { SocketReading } from './socket-reading.ts';
import { translationOf } from './translation.ts';

function judgeWay(way: Way, call: Call, common: Common): Refusal | undefined {
  return (
    way.refusal ??
    judgeTranslated(way, call, common) ??
    judgeAtBackend(way, call, { model: common.model, translation: translationOf(way, common.operation) }) ??
    judgeRename(way, common.operation) ??
    judgeSigning(way, call)
  );
}

/** A plain call that a rule or the gateway takes, before any of its ways is judged. */
export interface Course {
  readonly ways: readonly Way[];
  readonly use: Refusal | Budget | undefined;
  readonly counts: readonly CallCount[];
  readonly fallback: RouteFallback | undefined;
  readonly headers: HeaderEdit | undefined;
  readonly wouldDeny: WouldDeny | undefined;
  readonly maxBodyBytes: number | undefined;
  readonly answers: McpAnswers | undefined;
  readonly messages: SocketReading | undefined;
  /** Where the agent sent it. */
  readonly site: Site;
}

/**
 * The way as the call goes it, with its own secret and no other (S49): among several, and where another API is spoken, what the
 * agent brings for the host it asked for goes to no other host. What it brought over TLS goes nowhere without.
 */
function candidateOf(way: Way, { ways, site }: Course, { operation }: Common): Candidate | undefined {
  const { credential, target, backend } = way;
  const translation = translationOf(way, operation);
  if (credential.kind === 'refuse') return undefined;
  if (credential.kind === 'inject') return { target, backend, translation, injection: credential };
  const isElsewhere = target.hostname !== site.hostname || target.port !== site.port;
  const isBared = site.tls && !target.tls;
  const isStripped = translation !== undefined || isBared || (ways.length > 1 && isElsewhere);
  return { target, backend, translation, injection: isStripped ? noCredentials : undefined };
}

/** Why a call that no way takes, or that is over a limit, is refused: as at the first way. */
function refuseBy(way: Way | undefined, refusal: Refusal | undefined, common: Common): Decision {
  if (way === undefined) return { ...common, kind: 'refuse', refusal: refusal ?? noBackend };
  const { credential } = way;
  if (refusal !== undefined || credential.kind !== 'refuse') {
    return { ...common, kind: 'refuse', refusal: refusal ?? noBackend };
  }
  return { ...common, kind: 'refuse', refusal: credential, credentialPolicy: credential.policy };
}

/** The ways left to it, in their order, and what refuses it on the first one. */
function judgeWays(
  course: Course,
  call: Call,
  common: Common,
): { readonly candidates: Candidate[]; readonly refusal: Refusal | undefined } {
  const candidates: Candidate[] = [];
  let refusal: Refusal | undefined;
  for (const way of course.ways) {
    const refused = judgeWay(way, call, common);
    const candidate = refused === undefined ? candidateOf(way, course, common) : undefined;
    if (candidate !== undefined) candidates.push(candidate);
    else if (way === course.ways[0]) refusal = refused;
  }
  return { candidates, refusal };
}

function isSome(candidates: Candidate[]): candidates is [Candidate, ...Candidate[]] {
  return candidates.length > 0;
}

/** Unless something refuses it on each way: then as the first one does. */
export function goBy(course: Course, call: Call, common: Common): Decision {
  const { ways, use } = course;
  const [limit, budget] = use !== undefined && 'kind' in use ? [use, undefined] : [undefined, use];
  const { candidates, refusal } = judgeWays(course, call, common);
  if (!isSome(candidates)) return refuseBy(ways[0], refusal ?? limit, common);
  if (limit !== undefined) return refuseBy(ways[0], limit, common);
  const need = signingNeed(candidates, call, common.operation);
  if (need !== undefined) return { kind: 'need-body', need };
  return {
    kind: 'allow',
    route: common.route,
    schema: common.schema,
    operation: common.operation,
    model: common.model,
    mcp: common.mcp,
    logging: common.logging,
    candidates,
    budget,
    counts: course.counts,
    fallback: course.fallback,
    maxBodyBytes: course.maxBodyBytes,
    headers: course.headers,
    wouldDeny: course.wouldDeny,
    answers: course.answers,
    messages: course.messages,
  };
}

const noBackend = refuse(503, 'policy', 'no Backend of this route takes calls now');
