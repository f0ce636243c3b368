/**
 * Reads the part of a permit about HTTP the way its documentation tells a person to. What queries and fields of random attempts
 * come to is written down here by hand, so that it cannot agree with the gateway by being the gateway.
 */
import type { HttpScope } from '../../../policy/reach/index.ts';
import type { Attempt } from './random/attempt.ts';

/** What is said of the one name rules ask for; `odd`: servers may read it in two ways. */
export const said: Readonly<Record<string, string | undefined>> = {
  '': undefined,
  '?other=1': undefined,
  '?service=a': 'a',
  '?service=%61': 'a',
  '?service=b': 'b',
  '?service=A': 'A',
  '?service=b,a': 'b,a',
  '?service=a&service=a': 'odd',
  '?service=a&Service=b': 'odd',
  '?Service=a': 'odd',
  '?service=a;x=1': 'odd',
  '?service[]=a': 'odd',
  '?other=%ZZ': 'odd',
};

export const fieldTexts: ReadonlyArray<readonly string[]> = [
  [],
  ['x-mode: a'],
  ['x-mode:  a '],
  ['x-mode: b'],
  ['x-mode: A'],
  ['x-mode: a', 'x-mode: a'],
  ['x_mode: a'],
];

function saidInFields(
  fields: ReadonlyArray<{ readonly name: string; readonly value: string }>,
): string | undefined {
  const own = fields.filter(({ name }) => name.endsWith('mode'));
  if (own.length === 0) return undefined;
  return own.length > 1 || own[0]!.name !== 'x-mode' ? 'odd' : own[0]!.value.trim();
}

/** Of bodies; `odd`: there is none, or it is a list. */
export const types: Readonly<Record<string, string>> = {
  '': 'odd',
  'application/json': 'application/json',
  'Application/JSON; charset=utf-8': 'application/json',
  'text/plain': 'text/plain',
  'application/json, text/plain': 'odd',
};

function holdsName(
  { values }: HttpScope['headers'][number],
  word: string | undefined,
  denies: boolean,
): boolean {
  if (word === undefined) return false;
  if (word === 'odd') return denies;
  if (values.length === 0 || values.includes(word)) return true;
  const members = word.toLowerCase().split(',');
  return denies && values.some((value) => members.includes(value.toLowerCase()));
}

const escape = (text: string): string => text.replace(/[^A-Za-z0-9/_]/g, '\\$&');

function sourceOf({ type, value }: NonNullable<HttpScope['path']>): string {
  if (type === 'Exact') return escape(value);
  if (type === 'PathPrefix') return `${escape(value.replace(/\/$/, ''))}(?:/.*)?`;
  if (type === 'RegularExpression') return value;
  return value
    .split('/')
    .map((segment) => {
      if (segment === '**') return '.+';
      if (segment === '*') return '[^/]+';
      return segment
        .split(/(\{\w+\}|\*)/)
        .map((part) => (part === '*' ? '[^/]*' : part.startsWith('{') ? '[^/]+' : escape(part)))
        .join('');
    })
    .join('/');
}

function holdsPath({ path }: HttpScope, text: string, denies: boolean): boolean {
  if (path === undefined) return true;
  const regex = new RegExp(`^(?:${sourceOf(path)})$`, denies ? 'i' : '');
  if (!denies) return regex.test(text);
  const bare = text.length > 1 ? text.replace(/\/$/, '') : text;
  return /\/\/|\.(\/|$)/.test(text) || regex.test(bare) || regex.test(`${bare}/`);
}

function holdsMethod({ methods }: HttpScope, method: string, denies: boolean): boolean {
  if (methods.includes(method)) return true;
  if (methods.includes('*')) return denies || method === method.toUpperCase();
  const upper = method.toUpperCase();
  return denies && (methods.includes(upper) || (upper === 'HEAD' && methods.includes('GET')));
}

/** `denies`: what may be such a call is one. */
export function takesHttp(scope: HttpScope, attempt: Attempt, denies: boolean): boolean {
  const { method, path, upgrade, hasBody, head, fields } = attempt;
  const { query = '', bodyBytes = hasBody ? 1 : 0, ...rest } = head ?? { fields };
  const isUnsaid = head !== undefined && head.bodyBytes === undefined;
  const type = types[rest.fields.find(({ name }) => name === 'content-type')?.value ?? ''] ?? 'odd';
  return (
    holdsMethod(scope, method, denies) &&
    holdsPath(scope, path, denies) &&
    (!upgrade || denies || (scope.webSocket && method === 'GET')) &&
    (!hasBody ||
      ((scope.contentTypes.length === 0 || (type === 'odd' ? denies : scope.contentTypes.includes(type))) &&
        (scope.maxBodyBytes === undefined || isUnsaid || bodyBytes <= scope.maxBodyBytes))) &&
    scope.queryParams.every((each) => holdsName(each, said[query], denies)) &&
    scope.headers.every((each) => holdsName(each, saidInFields(rest.fields), denies))
  );
}
