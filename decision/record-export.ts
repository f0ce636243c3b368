/**
 * Whether a gateway may send a copy of its records to a place, as far as what is written says: the address that a name stands for is
 * judged when it is dialled (dial.ts). Asked by validate, by the operator for the gateway's status, and by what compiles. Pure.
 */
import { parseIp, reservedReason } from '../contract/index.ts';

export interface ExportEndpoint {
  readonly hostname: string;
  /** The name is an address. */
  readonly isAddress: boolean;
  readonly port: number;
  readonly tls: boolean;
}

export type ExportProblem = 'EndpointInvalid' | 'EndpointClosed' | 'HeaderInvalid';

/** undefined: none, or one with what must not be told. */
function urlOf(endpoint: string): URL | undefined {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return undefined;
  return url.username === '' && url.password === '' && url.hash === '' ? url : undefined;
}

/** undefined: nothing OTLP/HTTP can be sent to. A password in it would be told wherever the endpoint is. */
export function readExportEndpoint(endpoint: string): ExportEndpoint | undefined {
  const url = urlOf(endpoint);
  if (url === undefined) return undefined;
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const tls = url.protocol === 'https:';
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
  if (hostname === '' || port === 0) return undefined;
  return { hostname, isAddress: parseIp(hostname) !== undefined, port, tls };
}

export function judgeExportEndpoint(endpoint: string): ExportProblem | undefined {
  const read = readExportEndpoint(endpoint);
  if (read === undefined) return 'EndpointInvalid';
  const address = parseIp(read.hostname);
  return address !== undefined && reservedReason(address) !== undefined ? 'EndpointClosed' : undefined;
}

const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/;
/** RFC 9110 5.5, and no blanks at the ends, which would not arrive. */
const fieldValue = /^(?:[\x21-\x7e\x80-\xff](?:[\x20-\x7e\x80-\xff\t]*[\x21-\x7e\x80-\xff])?)?$/;
/** What HTTP itself needs, or what OTLP says. */
const own: ReadonlySet<string> = new Set([
  ...['host', 'content-type', 'content-length', 'content-encoding', 'transfer-encoding', 'connection'],
  ...['keep-alive', 'upgrade', 'te', 'trailer', 'expect', 'proxy-connection'],
]);

/** A name that stands twice says two things. */
export function judgeExportHeaders(
  headers: ReadonlyArray<{ readonly name: string; readonly value: string }>,
): ExportProblem | undefined {
  const names = headers.map(({ name }) => name.toLowerCase());
  const isSound = headers.every(({ name, value }) => fieldName.test(name) && fieldValue.test(value));
  const isDoubled = new Set(names).size < names.length;
  return !isSound || isDoubled || names.some((name) => own.has(name)) ? 'HeaderInvalid' : undefined;
}
