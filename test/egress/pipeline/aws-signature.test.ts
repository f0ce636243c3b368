import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createField } from '../../../egress/http1/index.ts';
import { signAws } from '../../../egress/pipeline/aws-signature.ts';
import type { UpstreamRequest } from '../../../egress/upstream/exchange-port.ts';

const atMs = Date.UTC(2026, 0, 31, 23, 59, 59);
const signing = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: undefined as string | undefined,
  service: 'bedrock',
  region: 'us-east-1',
};
const request = (change: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
  method: 'POST',
  target: '/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse',
  authority: 'bedrock-runtime.us-east-1.amazonaws.com',
  fields: [createField('Content-Type', 'application/json'), createField('X-Own', 'not signed')],
  upgrade: undefined,
  ...change,
});

/** As AWS's SDKs are given it: keyed or not. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return await Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
}

/** What AWS's own signer puts on the same request. */
async function theirs(sent: UpstreamRequest, body: string, { region, service, ...keys }: typeof signing) {
  const signer = new SignatureV4({
    ...{ region, service, sha256: Sha256 },
    credentials: {
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey,
      ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
    },
  });
  const [path = '', query = ''] = sent.target.split('?');
  const parsed: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(query.replaceAll('+', '%2B'))) {
    (parsed[name] ??= []).push(value);
  }
  const signed = await signer.sign(
    {
      ...{ method: sent.method, protocol: 'https:', hostname: sent.authority, path, query: parsed, body },
      headers: {
        host: sent.authority,
        ...Object.fromEntries(
          sent.fields.filter(({ name }) => name === 'content-type').map(({ name, value }) => [name, value]),
        ),
      },
    },
    { signingDate: new Date(atMs) },
  );
  return signed.headers;
}

function ours(sent: UpstreamRequest, body: string, keys = signing): Record<string, string> {
  const signed = signAws(sent, [Buffer.from(body)], keys, atMs);
  return Object.fromEntries((signed?.fields ?? []).map(({ name, value }) => [name, value]));
}

test('the fields are those of AWS’s own signer', async () => {
  expect(ours(request(), '{}')).toMatchObject(
    await theirs(request(), '{}', signing).then(({ authorization }) => ({ authorization })),
  );
});

test('property: whatever path, query, body and keys', async () => {
  const segment = fc.string({ maxLength: 8 }).map(encodeURIComponent);
  const path = fc.array(segment, { maxLength: 4 }).map((each) => `/${each.join('/')}`);
  const pair = fc.tuple(fc.string({ minLength: 1, maxLength: 5 }), fc.string({ maxLength: 5 }));
  const query = fc
    .array(pair, { maxLength: 4 })
    .map((each) =>
      each.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&'),
    );
  const keys = fc.record({
    accessKeyId: fc.string({ unit: fc.constantFrom('A', 'K', '7'), minLength: 1 }),
    secretAccessKey: fc.string({ minLength: 1 }),
    sessionToken: fc.option(fc.string({ unit: fc.constantFrom('a', '/', '+', '='), minLength: 1 }), {
      nil: undefined,
    }),
    service: fc.constantFrom('bedrock', 'execute-api'),
    region: fc.constantFrom('us-east-1', 'eu-west-3'),
  });
  await fc.assert(
    fc.asyncProperty(path, query, fc.string(), keys, async (at, asked, body, own) => {
      const sent = request({ target: asked === '' ? at : `${at}?${asked}` });
      const expected = await theirs(sent, body, own);
      expect(ours(sent, body, own)['authorization']).toBe(expected['authorization']);
    }),
    { numRuns: 500 },
  );
});

test('the secret key is in no field, and the body is not changed', () => {
  const fields = ours(request(), 'x');
  expect(JSON.stringify(fields)).not.toContain(signing.secretAccessKey);
  expect(fields).toMatchObject({ 'x-own': 'not signed', 'x-amz-date': '20260131T235959Z' });
});

test('another body, host, method or second is another signature', () => {
  const all = [
    ours(request(), 'x'),
    ours(request(), 'y'),
    ours(request({ authority: 'bedrock-runtime.eu-west-1.amazonaws.com' }), 'x'),
    ours(request({ method: 'PUT' }), 'x'),
  ].map((each) => each['authorization']);
  expect(new Set(all).size).toBe(4);
});

test('a query with a broken escape is not signed', () => {
  expect(signAws(request({ target: '/x?a=%zz' }), [], signing, atMs)).toBeUndefined();
});

test('the query goes as it was signed', () => {
  expect(signAws(request({ target: '/x?b=2&a=1+1&c' }), [], signing, atMs)?.target).toBe('/x?a=1%201&b=2&c=');
});

test('fields of AWS that the agent sent are signed with the others, in their order', async () => {
  const own = [
    createField('X-Amz-Meta-B', 'two'),
    createField('X-Amz-Acl', 'private'),
    createField('X-Amz-Meta-B', 'one'),
  ];
  const fields = ours(request({ fields: [...request().fields, ...own] }), 'x');
  expect(fields['authorization']).toContain(
    'SignedHeaders=content-type;host;x-amz-acl;x-amz-content-sha256;x-amz-date;x-amz-meta-b,',
  );
});

test('S3 reads a key decoded, however much of it was escaped', () => {
  const signed = (target: string): string | undefined =>
    ours(request({ method: 'GET', target }), '', { ...signing, service: 's3' })['authorization'];
  expect(signed('/b/dt=1/a%28b%29')).toBe(signed('/b/dt%3D1/a(b)'));
  expect(signed('/b/a%20b')).not.toBe(signed('/b/ab'));
});
