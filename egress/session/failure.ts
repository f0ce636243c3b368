/** Why the gateway answers in the upstream's place, and the answers that are always the same. */
import type { DenyReason } from '../../contract/index.ts';
import type { Refusal } from '../../decision/index.ts';
import type { UpstreamError } from '../upstream/upstream-error.ts';

export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** undefined: not a decision, something broke. */
  readonly denyReason: DenyReason | undefined;
  /** JSON to answer with; absent: in the provider's schema. */
  readonly body?: string | undefined;
  readonly retryAfterSeconds?: number;
  /** Asking again, as SDKs do by themselves, is no use. */
  readonly final?: boolean;
  /** The policy by which it is refused. */
  readonly policy?: string;
}

/** What an upstream did, as its agent is told. */
export function of({ status, code, message, denyReason }: UpstreamError): Failure {
  return { status, code, message, denyReason };
}

export function ofRefusal(refusal: Refusal): Failure {
  const { status, code = 'EGRESS_DENIED', message, reason, body, retryAfterSeconds, final, policy } = refusal;
  return {
    ...{ status, code, message, denyReason: reason, body },
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(final === undefined ? {} : { final }),
    ...(policy === undefined ? {} : { policy }),
  };
}

export const bodyTooLarge: Failure = {
  status: 413,
  code: 'BODY_TOO_LARGE',
  message: 'the body is larger than this agent may have judged by model or tool now',
  denyReason: 'limit',
};

/** A rule of an EgressHTTPRoute bounds the body, and the request did not say how long it is. */
export const bodyOverRule: Failure = {
  status: 413,
  code: 'HTTP_BODY_TOO_LARGE',
  message: 'the body is longer than the rule that allows this call lets through (maxBodyBytes)',
  denyReason: 'http_rule',
};

export const recordsFull: Failure = {
  status: 503,
  code: 'RECORDS_UNAVAILABLE',
  message: 'the gateway cannot record more calls of this agent now; try again in a second',
  denyReason: 'limit',
  retryAfterSeconds: 1,
};

/** Between two words of either side. */
export const silence: Failure = {
  status: 504,
  code: 'UPSTREAM_TIMEOUT',
  message: 'nothing came for longer than the gateway allows (spec.requestTimeout)',
  denyReason: undefined,
};

export const policyChanged: Failure = {
  status: 403,
  code: 'POLICY_CHANGED',
  message: 'the egress policy changed while the call was running',
  denyReason: 'policy',
};

export const budgetUnreadable: Failure = {
  status: 400,
  code: 'BUDGET_UNCOUNTABLE',
  message:
    'the call is under a TokenBudget, and its body does not say how much it asks for; name one number of answers',
  denyReason: 'budget',
};

export const overBudget =
  'the answer is longer than what its TokenBudget was asked for, and ends here with its WebSocket';

/** Of a stream that ended with an error of ours in it. */
export const budgetCut = { code: 'BUDGET_CUT', denyReason: 'budget' } as const;

/** The failure that an answer is replaced by when secrets cannot be looked for in it. */
export function opaque(reason: string): Failure {
  const message = `the upstream ${reason}; an answer to a call with a credential must be searchable for it. Ask for the plain, whole text, or take it from a host that no credential is bound to`;
  return { status: 502, code: 'UPSTREAM_ENCODING', message, denyReason: undefined };
}
