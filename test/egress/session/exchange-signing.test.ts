/** An exchange whose call is signed with AWS Signature Version 4: what is sent is what was signed, whole and once. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createField } from '../../../egress/http1/index.ts';
import { signAws } from '../../../egress/pipeline/aws-signature.ts';
import { createConfig } from '../gateway-config.ts';
import { script, sent, type Script } from './exchange-script.ts';

const host = 'bedrock-runtime.us-east-1.amazonaws.com';
const target = '/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse';
const keys = {
  accessKeyId: 'AKIDEXAMPLE00',
  secretAccessKey: 'wJalrXUtnFEMI-secret',
  sessionToken: 'FQoG-token-12345',
};
type Credential = ReturnType<typeof createConfig>['credentials'][number];

function signing(change: Partial<Credential> = {}) {
  const config = createConfig('192.0.2.1', 443);
  const rules = [
    { matches: [{ provider: 'bedrock', models: [], endpoints: [] }], filters: [], backends: [] },
  ];
  const rule = {
    ...config.destinations.rules[0]!,
    hostnames: [host],
  };
  return {
    ...config,
    destinations: { ...config.destinations, rules: [rule] },
    providerRoutes: [{ ...config.providerRoutes[0]!, rules }],
    credentials: [
      { ...config.credentials[0]!, inject: { type: 'AWSv4' as const, keys, service: 'bedrock' }, ...change },
    ],
  } as ReturnType<typeof createConfig>;
}

const options = { config: signing(), host, target };
const sdkFields = [
  createField('Authorization', 'AWS4-HMAC-SHA256 Credential=placeholder/x, Signature=00'),
  createField('X-Amz-Date', '20200101T000000Z'),
  createField('x-amz-content-sha256', 'UNSIGNED-PAYLOAD'),
  createField('X-Amz-Security-Token', 'theirs'),
];
const body = '{"messages":[{"role":"user","content":[{"text":"hi"}]}]}';
const valuesOf = (talk: Script, name: string): string[] =>
  (talk.tries[0]?.request.fields ?? []).filter((each) => each.name === name).map(({ value }) => value);

describe('a call to Bedrock', () => {
  test('goes out signed, whatever the agent’s SDK had signed', async () => {
    const talk = await sent({ ...options, fields: sdkFields }, body);
    const { request, sent: bytes } = talk.tries[0]!;
    expect(Buffer.concat(bytes).toString()).toBe(body);
    expect(valuesOf(talk, 'x-amz-content-sha256')).toEqual([createHash('sha256').update(body).digest('hex')]);
    expect(valuesOf(talk, 'x-amz-security-token')).toEqual([keys.sessionToken]);
    expect(valuesOf(talk, 'x-amz-date')).toEqual(['19700101T000001Z']);
    const added = /^(?:authorization|x-amz-)/;
    const plain = { ...request, fields: request.fields.filter(({ name }) => !added.test(name)) };
    const own = { ...keys, service: 'bedrock', region: 'us-east-1' };
    const [authorization] = valuesOf(talk, 'authorization');
    expect(signAws(plain, [Buffer.from(body)], own, 1_000)?.fields).toContainEqual(
      createField('Authorization', authorization ?? ''),
    );
    expect(JSON.stringify(request)).not.toContain(keys.secretAccessKey);
  });

  test('waits for the last byte of its body', async () => {
    const talk = script(options);
    talk.exchange.start();
    talk.exchange.data(Buffer.from(body.slice(0, 9)));
    await talk.settle();
    expect(talk.tries).toHaveLength(0);
    talk.exchange.data(Buffer.from(body.slice(9)));
    talk.exchange.end([]);
    await talk.settle();
    expect(talk.tries).toHaveLength(1);
  });

  test('with a body of any type is signed as it came', async () => {
    const bytes = Buffer.from([0, 255, 1, 254]).toString('latin1');
    const talk = await sent({ ...options, fields: [createField('Content-Encoding', 'x-odd')] }, bytes);
    expect(valuesOf(talk, 'x-amz-content-sha256')).toEqual([
      createHash('sha256').update(bytes).digest('hex'),
    ]);
  });

  test('with more of a body than is held is refused', async () => {
    const talk = await sent(options, 'x'.repeat(33 * 1024 * 1024));
    expect([talk.tries.length, talk.heads.map(({ status }) => status)]).toEqual([0, [413]]);
  });

  test('without a body is signed too', async () => {
    const talk = script({ ...options, length: 0 });
    talk.exchange.start();
    talk.exchange.end([]);
    await talk.settle();
    expect(valuesOf(talk, 'x-amz-content-sha256')).toEqual([createHash('sha256').digest('hex')]);
  });

  test('S37: keys and token that the answer repeats are starred out', async () => {
    const talk = await sent(options, body);
    const reader = talk.tries[0]?.reader;
    reader?.head({ status: 200, reason: 'OK', fields: [], bodyLength: undefined });
    reader?.body(Buffer.from(`${keys.sessionToken} ${keys.secretAccessKey} ${keys.accessKeyId} end`));
    reader?.finished([]);
    expect(talk.told()).toMatch(/^200 \*+ \*+ \*+ end \| end$/);
  });

  test('S36: with a new key is sent again under it', async () => {
    const talk = await sent(options, body);
    talk.swap(() =>
      signing({
        inject: { type: 'AWSv4', keys: { ...keys, accessKeyId: 'AKIDOTHER0000' }, service: 'bedrock' },
      }),
    );
    await talk.settle();
    expect(talk.tries[0]?.aborted).toBe(true);
  });

  test('is refused, not sent unsigned, while its keys have not come', async () => {
    const talk = await sent({ ...options, config: signing({ inject: { type: 'AWSv4' } }) }, body);
    expect([talk.tries.length, talk.heads.map(({ status }) => status)]).toEqual([0, [502]]);
  });

  test('a query that can be read in two ways is refused', async () => {
    const talk = await sent({ ...options, target: `${target}?x=%zz` }, body);
    expect([talk.tries.length, talk.heads.map(({ status }) => status)]).toEqual([0, [400]]);
  });
});
