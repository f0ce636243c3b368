/** An error as a test runner shows it: the message alone, so what to do is in it. */
import { ClrkError } from '../../contract/index.ts';

export function problem(code: string, message: string, hint: string): ClrkError {
  return new ClrkError(code, `${message}\n${hint}`, { hint });
}
