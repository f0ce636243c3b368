/**
 * An answer of which the agent gets other bytes than the upstream sent, however they are made. Types, and the bounds they share:
 * what the answer (answer.ts) does with one is the same for all.
 */
import type { Field } from '../http1/index.ts';
import type { GovernedFacts } from '../mcp/index.ts';
import type { SecretSet } from '../scrub/index.ts';
import type { OutputMeter } from '../translation/index.ts';
import type { Failure } from './failure.ts';
import type { HeldShare } from './read-ahead.ts';

/** Answers with pictures are this long. */
export const maxAnswerBytes = 32 * 1024 * 1024;

/** Whose share what is held of an answer counts in. */
export interface AnswerHolder {
  readonly share: HeldShare;
  readonly agentId: string;
  /** An MCP server asks for input, with this state; absent: nobody remembers it. */
  readonly onState?: (state: string) => void;
}

export interface AnswerHead {
  readonly status: number;
  /** The upstream's, scrubbed. */
  readonly fields: readonly Field[];
  readonly hasBody: boolean;
  /** What its answer must not show: pieces that are no secret each may be one where they are told together. */
  readonly secrets: SecretSet;
  /** Counts what its budget does; absent: nobody does. */
  readonly meter?: OutputMeter | undefined;
}

export type AnswerEnd =
  /** What goes on last; of a whole answer all of it. */
  | { readonly kind: 'done'; readonly rest: Buffer }
  | { readonly kind: 'cut' }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface RemadeAnswer {
  /** For the agent; of a whole answer true once it ended. */
  readonly fields: readonly Field[];
  /** Its head can go to the agent before its body has come. */
  readonly isStream: boolean;
  /** Nothing of it can go to the agent. */
  readonly failure: Failure | undefined;
  /** The stream has ended with an error: the upstream has no more to say. */
  readonly hasFailed: boolean;
  /** The stream broke off with an error of ours in it. */
  readonly isUnreadable: boolean;
  /** What an MCP server said in it; undefined: it is none's. */
  readonly mcp: GovernedFacts | undefined;
  /** What goes on now. */
  push(bytes: Buffer): Buffer;
  /** The upstream's body ended cleanly. */
  end(): AnswerEnd;
  /** Safe to repeat. */
  close(): void;
}
