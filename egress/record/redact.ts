/** Header fields as a record may show them: credentials of either side, cookies and injected fields never (S38). */
import type { Field } from '../http1/index.ts';
import { authFieldNames } from '../pipeline/credential.ts';

const secretNames = new Set([
  ...authFieldNames,
  'cookie',
  'set-cookie',
  'authentication-info',
  'www-authenticate',
]);
const secretPart = /token|secret|api-?key|password|credential|signature/i;
export const redacted = '<redacted>';
const maxValueLength = 1024;
const maxShown = 64;
// Query parameters that carry keys, in any spelling; the rest of the URL stays readable.
const secretParameter =
  /([?&](?:key|[^=&]*(?:token|secret|signature|password|credential|api[-_]?key|sig)[^=&]*)=)[^&]*/gi;

/** `http.<direction>.header.<name>` attributes. */
export function headerAttributes(
  direction: 'request' | 'response',
  fields: readonly Field[],
  injected: ReadonlySet<string>,
): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const { name, value } of fields.slice(0, maxShown)) {
    const hidden = secretNames.has(name) || secretPart.test(name) || injected.has(name);
    shown[`http.${direction}.header.${name}`] = hidden ? redacted : value.slice(0, maxValueLength);
  }
  return shown;
}

/** The target with the values of key-like parameters hidden. */
export function redactTarget(target: string): string {
  return target.includes('?') ? target.replace(secretParameter, `$1${redacted}`) : target;
}
