/**
 * Exit codes, stable across releases and documented in `clrk --help`. Scripts branch on them, so they follow from
 * error codes, never from texts.
 */
import { ClrkError } from '../contract/index.ts';

export const exitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  timeout: 5,
  runFailed: 6,
  /** 128 + SIGINT, as shells report it. */
  interrupted: 130,
} as const;

const byErrorCode: Readonly<Record<string, number>> = {
  USAGE: exitCode.usage,
  KIND_UNKNOWN: exitCode.notFound,
  NOT_FOUND: exitCode.notFound,
  IMAGE_NOT_FOUND: exitCode.notFound,
  // `clrk validate` and its kin: nothing was judged.
  UNDECIDED: exitCode.notFound,
  // What is recorded is not known: that is no empty answer.
  TELEMETRY_UNAVAILABLE: exitCode.notFound,
  DENIED: exitCode.denied,
  UNAUTHORIZED: exitCode.denied,
  IMAGE_UNAUTHORIZED: exitCode.denied,
  TIMEOUT: exitCode.timeout,
  RUN_TIMEOUT: exitCode.timeout,
  RUN_FAILED: exitCode.runFailed,
  RUN_REJECTED: exitCode.runFailed,
  INTERRUPTED: exitCode.interrupted,
};

export function exitCodeOf(thrown: unknown): number {
  return thrown instanceof ClrkError ? (byErrorCode[thrown.code] ?? exitCode.failure) : exitCode.failure;
}

export function usageError(message: string, hint?: string): ClrkError {
  return new ClrkError('USAGE', message, hint === undefined ? {} : { hint });
}

export const exitCodeHelp = `Exit codes:
  0 done   1 failed   2 usage   3 not found   4 denied   5 timeout   6 the run failed   130 interrupted`;
