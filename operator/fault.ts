/** Which errors are a person's to mend (they go to status, Stalled) and which are retried with back-off. */
import { ClrkError } from '../contract/index.ts';
import { ApiError } from './runtime/index.ts';

export interface Fault {
  readonly reason: string;
  readonly message: string;
}

/** The fault to show; throws on what is not one. */
export function faultOf(thrown: unknown): Fault {
  if (thrown instanceof ClrkError && thrown.code === 'CONFIG_TOO_LARGE') {
    return { reason: 'ConfigTooLarge', message: `${thrown.message}. ${thrown.hint ?? ''}` };
  }
  if (thrown instanceof ClrkError && thrown.code === 'NAME_CONFLICT' && !thrown.retryable) {
    return { reason: 'NameConflict', message: `${thrown.message}. ${thrown.hint ?? ''}` };
  }
  // The API server's own verdict on a child: an overlay it refuses, a quota, a missing right.
  if (thrown instanceof ApiError && (thrown.status === 422 || thrown.status === 403)) {
    return { reason: 'ChildRejected', message: thrown.message };
  }
  throw thrown;
}
