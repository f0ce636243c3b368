/**
 * What a rule changes in the head of its calls and of their answers, and which fields no rule may change: those that frame a message or
 * decide about it, that bear a key, that make a server see another call than was judged, or that would hide a secret in an answer. Pure.
 */
import type { HeaderEdit } from '../../contract/index.ts';
import { methodOverrides, spelling } from '../spelling.ts';

/** As `spelling` has them. */
const framing = [
  ...['host', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'te', 'trailer', 'upgrade'],
  ...['proxy-connection', 'http2-settings', 'expect', 'content-type', 'content-encoding', 'content-range'],
];
const keys = [
  ...['authorization', 'proxy-authorization', 'authentication', 'x-authorization', 'cookie', 'cookie2'],
  ...['x-api-key', 'api-key', 'apikey', 'x-apikey', 'x-goog-api-key', 'x-goog-iam-authorization-token'],
  ...['x-amz-security-token', 'x-amz-date', 'x-amz-content-sha256', 'x-auth-token', 'x-auth-key'],
  ...['x-access-token', 'x-session-token', 'x-csrf-token', 'ocp-apim-subscription-key', 'private-token'],
  ...['job-token', 'x-github-token', 'x-gitlab-token', 'x-vault-token'],
];
const others = [
  ...['accept-encoding', 'range', 'if-range', 'x-original-url', 'x-original-uri', 'x-rewrite-url'],
  ...['x-rewrite-uri', 'x-forwarded-uri', 'x-forwarded-prefix', 'x-http-path-override'],
  ...['x-envoy-original-path', 'x-accel-redirect', 'traceparent', 'tracestate'],
  // What a message in the body is said to be (decision/rpc-claim.ts).
  ...['mcp-method', 'mcp-name', 'mcp-protocol-version'],
  ...methodOverrides,
];
const unchanged: ReadonlySet<string> = new Set([...framing, ...keys, ...others]);
const kept: ReadonlySet<string> = new Set([...framing, 'date', 'sec-websocket-accept']);

const fieldName = /^[A-Za-z0-9-]{1,127}$/;
/** RFC 9110 5.5 without blanks at the ends. */
const fieldValue = /^[!-~](?:[ -~]*[!-~])?$/;

function isOurs(name: string): boolean {
  return name.startsWith('x-clrk-') || name.startsWith('sec-') || name.startsWith('proxy-');
}

function mayChange(name: string): boolean {
  const spelled = spelling(name);
  return fieldName.test(name) && !unchanged.has(spelled) && !isOurs(spelled);
}

function mayHide(name: string): boolean {
  const spelled = spelling(name);
  return fieldName.test(name) && !kept.has(spelled) && !isOurs(spelled);
}

/** The first thing that no gateway changes, in words; undefined: all of it can be carried out. */
export function judgeHeaderEdit({ set, add, remove, hide }: HeaderEdit): string | undefined {
  const written = [...set, ...add];
  const names = [...written.map(({ name }) => name), ...remove];
  const wrong = names.find((name) => !mayChange(name)) ?? hide.find((name) => !mayHide(name));
  if (wrong !== undefined) return `no rule may change the header "${wrong.slice(0, 127)}"`;
  const spelled = names.map(spelling);
  const twice = spelled.find((name, index) => spelled.indexOf(name) !== index);
  if (twice !== undefined) return `the header "${twice}" is to be changed in two ways`;
  const unsent = written.find(({ value }) => !fieldValue.test(value));
  return unsent && `the value of the header "${unsent.name}" cannot be sent`;
}
