/** Header fields as a record may show them: credentials of either side, cookies and injected fields never (S38). */
import type { Field } from '../http1/index.ts';
import { isAuthField } from '../pipeline/own-credential.ts';
import { AttributeList } from './attribute-list.ts';

const secretNames = new Set(['set-cookie', 'authentication-info', 'www-authenticate']);
const secretPart = /token|secret|api-?key|password|credential|signature/i;
export const redacted = '<redacted>';
const maxValueLength = 1024;
const maxShown = 64;
// Query parameters that carry keys, in any spelling; the rest of the URL stays readable.
const secretParameter =
  /([?&](?:key|[^=&]*(?:token|secret|signature|password|credential|api[-_]?key|sig)[^=&]*)=)[^&]*/gi;

interface ShownName {
  readonly attribute: string;
  readonly hidden: boolean;
}

/** Attribute names and whether to hide, by field name: names repeat, and testing one is a search. */
const shownNames = {
  request: new Map<string, ShownName>(),
  response: new Map<string, ShownName>(),
} as const;
/** Then it starts anew: agents choose names, and the usual ones are back at once. */
const maxShownNames = 512;

function showName(direction: 'request' | 'response', name: string): ShownName {
  const names = shownNames[direction];
  const known = names.get(name);
  if (known !== undefined) return known;
  const shown = {
    attribute: `http.${direction}.header.${name}`,
    hidden: isAuthField({ name }) || secretNames.has(name) || secretPart.test(name),
  };
  if (names.size >= maxShownNames) names.clear();
  names.set(name, shown);
  return shown;
}

/** `http.<direction>.header.<name>` attributes; of a repeated field the last value. */
export function headerAttributes(
  direction: 'request' | 'response',
  fields: readonly Field[],
  injected: ReadonlySet<string>,
): AttributeList {
  const list = new AttributeList();
  for (const { name, value } of fields.length > maxShown ? fields.slice(0, maxShown) : fields) {
    const { attribute, hidden } = showName(direction, name);
    list.set(attribute, hidden || injected.has(name) ? redacted : value.slice(0, maxValueLength));
  }
  return list;
}

/** The target with the values of key-like parameters hidden. */
export function redactTarget(target: string): string {
  return target.includes('?') ? target.replace(secretParameter, `$1${redacted}`) : target;
}
