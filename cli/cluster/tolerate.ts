/**
 * Of what may not be read there is none, and it is said what and why. For commands that gather many things: one right that is missing
 * must not hide the rest. A server that cannot be reached is no such case.
 */
import { ClrkError, errorMessage } from '../../contract/index.ts';

interface Tolerated<T> {
  /** As a person calls it. */
  readonly what: string;
  readonly absent: T;
  readonly say: (line: string) => void;
}

export async function tolerate<T>({ what, absent, say }: Tolerated<T>, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ClrkError) || error.code === 'CLUSTER_UNREACHABLE') throw error;
    say(`${what}: ${errorMessage(error).split('\n')[0] ?? ''}`);
    return absent;
  }
}
