/** What the API server demands of every object's metadata (k8s.io/apimachinery validation): names, labels, annotations. */
import { isObject, type Json, type JsonObject } from '../manifest/json.ts';
import type { Walk } from './walk.ts';

const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const subdomain = new RegExp(`^${label}(?:[.]${label})*$`);
const dnsLabel = new RegExp(`^${label}$`);
const qualified = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
// The API server's bound for all annotations together.
const maxAnnotationBytes = 262_144;

/** The name, or what the server would make of a prefix: a dash at its end is followed by letters then. */
function nameToCheck({ name, generateName }: JsonObject): Json | undefined {
  const isPrefix = (name === undefined || name === null || name === '') && typeof generateName === 'string';
  return isPrefix ? generateName.replace(/-$/, 'x') : name;
}

export function checkMetadata(metadata: JsonObject, walk: Walk): void {
  const { namespace, labels, annotations } = metadata;
  if (!isName(nameToCheck(metadata), subdomain, 253)) {
    walk.within('name', () => walk.add('must be a lowercase RFC 1123 subdomain: letters, digits, - and .'));
  }
  if (namespace !== undefined && namespace !== null && namespace !== '' && !isName(namespace, dnsLabel, 63)) {
    walk.within('namespace', () => walk.add('must be a lowercase RFC 1123 label: letters, digits and -'));
  }
  walk.within('labels', () => checkMap(labels, walk, isLabelValue));
  walk.within('annotations', () => {
    checkMap(annotations, walk, () => true);
    const size = isObject(annotations) ? Buffer.byteLength(JSON.stringify(annotations)) : 0;
    if (size > maxAnnotationBytes) walk.add(`Too long: may not be more than ${maxAnnotationBytes} bytes`);
  });
}

function isName(value: Json | undefined, pattern: RegExp, most: number): boolean {
  return typeof value === 'string' && value.length <= most && pattern.test(value);
}

function isLabelValue(value: string): boolean {
  return value === '' || (value.length <= 63 && qualified.test(value));
}

function isKey(key: string): boolean {
  const [name = '', prefix, ...rest] = key.split('/').reverse();
  if (rest.length > 0 || name.length > 63 || !qualified.test(name)) return false;
  return prefix === undefined || isName(prefix, subdomain, 253);
}

function checkMap(map: Json | undefined, walk: Walk, isValue: (value: string) => boolean): void {
  if (map === undefined || map === null) return;
  if (!isObject(map)) return walk.add('must be of type object');
  for (const [key, value] of Object.entries(map)) {
    walk.within(key, () => {
      if (!isKey(key))
        walk.add('must be a qualified name: an optional DNS prefix and /, then at most 63 characters');
      if (typeof value !== 'string') walk.add('must be of type string (quote it)', true);
      else if (!isValue(value)) walk.add('must be a label value: at most 63 letters, digits, -, _ and .');
    });
  }
}
