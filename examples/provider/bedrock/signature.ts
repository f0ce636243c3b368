/**
 * Whether a request is signed with AWS Signature Version 4 by a key: the stand-in computes the signature anew, as AWS does
 * (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). It is no part of the gateway's signer, so
 * that the two agree only if both are right. Pure.
 */
import { createHash, createHmac } from 'node:crypto';
import type { ProviderRequest } from '../exchange.ts';

const authorization =
  /^AWS4-HMAC-SHA256 Credential=([\w+=.@-]+)\/(\d{8})\/([\w-]+)\/([\w-]+)\/aws4_request, ?SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})$/;
/** How far the clocks may be apart. */
const maxSkewSeconds = 15 * 60;

/** Who says to have signed. */
export function signerOf({ headers }: ProviderRequest): string | undefined {
  return authorization.exec(headers['authorization'] ?? '')?.[1];
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const sign = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Escapes of the path as it was sent are escaped again; so all services but S3. */
function canonicalPath(target: string): string {
  const [path = ''] = target.split('?');
  return path.split('/').map(encode).join('/');
}

function canonicalQuery(query: URLSearchParams): string {
  const pairs = [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return pairs.sort().join('&');
}

function canonicalRequest(request: ProviderRequest, names: readonly string[]): string {
  const fields = names.map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`);
  return [
    request.method,
    canonicalPath(request.target),
    canonicalQuery(request.query),
    fields.join(''),
    names.join(';'),
    request.bodyDigest,
  ].join('\n');
}

/** Seconds of `20261128T020606Z`. */
function secondsOf(stamp: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp)?.slice(1).map(Number) ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

interface Signed {
  readonly keyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly names: readonly string[];
  readonly signature: string;
}

function readSigned({ headers }: ProviderRequest): Signed | undefined {
  const found = authorization.exec(headers['authorization'] ?? '');
  if (found === null) return undefined;
  const [, keyId = '', date = '', region = '', service = '', names = '', signature = ''] = found;
  return { keyId, date, region, service, names: names.split(';'), signature };
}

export function isSignedBy(request: ProviderRequest, keyId: string, secret: string): boolean {
  const signed = readSigned(request);
  if (signed?.keyId !== keyId || signed.service !== 'bedrock' || !signed.names.includes('host')) return false;
  const { date, region, service } = signed;
  const stamp = request.headers['x-amz-date'] ?? '';
  const isTimely = Math.abs(secondsOf(stamp) - request.created) <= maxSkewSeconds;
  if (!isTimely || !stamp.startsWith(date)) return false;
  const scope = `${date}/${region}/${service}/aws4_request`;
  const hashed = digest(canonicalRequest(request, signed.names));
  const key = [region, service, 'aws4_request'].reduce(sign, sign(`AWS4${secret}`, date));
  return (
    sign(key, ['AWS4-HMAC-SHA256', stamp, scope, hashed].join('\n')).toString('hex') === signed.signature
  );
}
