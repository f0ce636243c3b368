/**
 * AWS Signature Version 4 of one request (AWS General Reference, "Create a signed AWS API request"): the fields that go on it.
 * A function of the request as it is sent, its whole body and the time. The secret key goes into no field.
 */
import { createHash, createHmac } from 'node:crypto';
import { splitQuery, type AwsSigning } from '../../decision/index.ts';
import { createField, fieldValues, type Field } from '../http1/index.ts';
import type { UpstreamRequest } from '../upstream/exchange-port.ts';

const algorithm = 'AWS4-HMAC-SHA256';

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function hashOf(chunks: ReadonlyArray<string | Buffer>): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

/** Every byte but the unreserved ones (RFC 3986 2.3) as %XX; a path's slashes are kept by its caller. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Of every service but S3: without empty and dot segments, and each segment, as it is sent, encoded once more. */
function canonicalPath(path: string, service: string): string {
  if (service === 's3') {
    return path
      .split('/')
      .map((segment) => encode(decode(segment) ?? segment))
      .join('/');
  }
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(encode(segment));
  }
  return `/${kept.join('/')}${kept.length > 0 && path.endsWith('/') ? '/' : ''}`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** undefined: an escape in it stands for nothing. */
function canonicalQuery(query: string): string | undefined {
  const pairs: Array<readonly [string, string]> = [];
  for (const pair of splitQuery(query)) {
    // As most servers do, a plus sign is read as a space; it goes as %20, which every server reads as one.
    const [name, value] = pair.map((each) => decode(each.replaceAll('+', ' ')));
    if (name === undefined || value === undefined) return undefined;
    pairs.push([encode(name), encode(value)]);
  }
  return pairs
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** `20260131T235959Z` */
function timestamp(atMs: number): string {
  return new Date(atMs).toISOString().replace(/[:-]|\.\d{3}/g, '');
}

/** The request, signed. undefined: its query cannot be written in one way only. `atMs`: Unix time. */
export function signAws(
  request: UpstreamRequest,
  body: readonly Buffer[],
  { accessKeyId, secretAccessKey, sessionToken, service, region }: AwsSigning,
  atMs: number,
): UpstreamRequest | undefined {
  const question = request.target.indexOf('?');
  const path = question < 0 ? request.target : request.target.slice(0, question);
  const query = canonicalQuery(question < 0 ? '' : request.target.slice(question + 1));
  if (query === undefined) return undefined;
  const time = timestamp(atMs);
  const contentHash = hashOf(body);
  const added: readonly Field[] = [
    createField('X-Amz-Content-Sha256', contentHash),
    createField('X-Amz-Date', time),
    ...(sessionToken === undefined ? [] : [createField('X-Amz-Security-Token', sessionToken)]),
  ];
  const types = fieldValues(request.fields, 'content-type');
  // S3 refuses fields of its own that are not signed; those of traces are not its.
  const theirs = [...new Set(request.fields.map(({ name }) => name))].filter((name) =>
    name.startsWith('x-amz-'),
  );
  const signed = [
    ...(types.length === 1 ? [['content-type', types[0] ?? ''] as const] : []),
    ['host', request.authority] as const,
    ...added.map(({ name, value }) => [name, value] as const),
    ...theirs.map((name) => [name, fieldValues(request.fields, name).join(',')] as const),
  ].sort(([a], [b]) => compare(a, b));
  const names = signed.map(([name]) => name).join(';');
  const lines = signed.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}\n`).join('');
  const canonical = [request.method, canonicalPath(path, service), query, lines, names, contentHash];
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const key = [time.slice(0, 8), region, service, 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${secretAccessKey}`,
  );
  const signature = hmac(key, [algorithm, time, scope, hashOf([canonical.join('\n')])].join('\n'));
  const authorization = `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature.toString('hex')}`;
  const fields = [...request.fields, ...added, createField('Authorization', authorization)];
  return { ...request, target: query === '' ? path : `${path}?${query}`, fields };
}
