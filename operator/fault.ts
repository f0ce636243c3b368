/** Which errors are a person's to mend (they go to status, Stalled) and which are retried with back-off. */
import { ClrkError } from '../contract/index.ts';
import { ApiError } from './runtime/index.ts';

export interface Fault {
  readonly reason: string;
  readonly message: string;
}

/** The fault to show; throws on what is not one. */
export function faultOf(thrown: unknown): Fault {
  // The API server's own verdict on a child: an overlay it refuses, a quota, a missing right.
  if (thrown instanceof ApiError && (thrown.status === 422 || thrown.status === 403)) {
    return { reason: 'ChildRejected', message: thrown.message };
  }
  if (!(thrown instanceof ClrkError)) throw thrown;
  const reason = reasonOf(thrown);
  if (reason === undefined) throw thrown;
  return { reason, message: `${thrown.message}. ${thrown.hint ?? ''}` };
}

function reasonOf(error: ClrkError): string | undefined {
  if (error.code === 'CONFIG_TOO_LARGE') return 'ConfigTooLarge';
  return error.code === 'NAME_CONFLICT' && !error.retryable ? 'NameConflict' : undefined;
}
