/**
 * What a call's answer and its record say about how the invocation ended, as an exit code's error. Pure: the rules
 * are a table of tests, and run-task only carries them out.
 */
import { ClrkError, isTerminal, type Invocation } from '../contract/index.ts';
import { deniedHint } from './cluster/api-error.ts';

export interface Answer {
  readonly status: number;
  /** Header x-clrk-error-code: one of our processes answered, not the agent. */
  readonly errorCode: string;
  /** Header or trailer x-clrk-exit-code. */
  readonly exitCode: string;
  /** The body arrived to its end. */
  readonly complete: boolean;
  /** Body of an error answer. */
  readonly message: string;
}

export type Verdict =
  | { readonly status: 'ok' }
  | { readonly status: 'unknown' }
  | { readonly status: 'failed'; readonly error: ClrkError };

function failed(code: string, message: string, hint?: string): Verdict {
  return { status: 'failed', error: new ClrkError(code, message, hint === undefined ? {} : { hint }) };
}

/** Our processes answer `{code, message, hint}`; the API server answers a Status; an agent answers anything. */
function explain(body: string): { readonly message: string; readonly hint: string | undefined } {
  try {
    const { message, hint, kind, code } = JSON.parse(body) as Readonly<Record<string, unknown>>;
    const said = typeof message === 'string' ? message : body.trim();
    if (kind === 'Status' && code === 403) return { message: said, hint: deniedHint(said) };
    return { message: said, hint: typeof hint === 'string' ? hint : undefined };
  } catch {
    return { message: body.trim(), hint: undefined };
  }
}

const codeByStatus: Readonly<Record<number, string>> = {
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  404: 'NOT_FOUND',
  410: 'NOT_FOUND',
  429: 'RUN_REJECTED',
  503: 'RUN_REJECTED',
  504: 'RUN_TIMEOUT',
};

export interface AnsweringAgent {
  readonly name: string;
  readonly namespace: string;
}

/** 128 + SIGKILL: what the kernel does to a process over its memory, and few others do. */
const killedCode = '137';
const memoryHint = 'Most likely it needed more memory than it has (OOM): raise spec.resources.memory.';

/** `unknown` for a whole or broken stream without a verdict in it: ask the record. */
export function judgeAnswer(answer: Answer, { name: agent, namespace }: AnsweringAgent): Verdict {
  if (answer.status >= 400) {
    const { message, hint } = explain(answer.message);
    const exit = answer.exitCode === '' ? '' : `, exit code ${answer.exitCode}`;
    const why = message === '' ? `HTTP ${answer.status}` : message;
    return failed(codeByStatus[answer.status] ?? 'RUN_FAILED', `${agent}: ${why}${exit}`, hint);
  }
  if (answer.exitCode === killedCode) {
    return failed('RUN_FAILED', `${agent} was killed (exit code ${killedCode})`, memoryHint);
  }
  if (answer.exitCode !== '' && answer.exitCode !== '0') {
    const logs = `clrk logs ${agent} -n ${namespace}`;
    return failed('RUN_FAILED', `${agent} ended with exit code ${answer.exitCode}`, `See \`${logs}\`.`);
  }
  return answer.complete && answer.exitCode === '0' ? { status: 'ok' } : { status: 'unknown' };
}

/** The stream broke and no record says how it ended. */
export function cutOff(id: string, namespace: string): ClrkError {
  return new ClrkError('RUN_FAILED', 'the answer was cut off before its end', {
    hint: `See how it ended: clrk get invocations ${id} -n ${namespace}`,
    retryable: true,
  });
}

export function judgeInvocation(invocation: Invocation | undefined): Verdict {
  if (invocation === undefined || !isTerminal(invocation.status.phase)) return { status: 'unknown' };
  const { phase, reason, message } = invocation.status;
  if (phase === 'Succeeded') return { status: 'ok' };
  const code = { Failed: 'RUN_FAILED', Timeout: 'RUN_TIMEOUT', Rejected: 'RUN_REJECTED' }[phase];
  const why = [reason, message].filter((part) => part !== undefined && part !== '').join(': ');
  return failed(
    code,
    `invocation ${phase}${why === '' ? '' : `: ${why}`}`,
    `See: clrk logs ${invocation.spec.parentRef.name}/${invocation.metadata.name} -n ${invocation.metadata.namespace}`,
  );
}
