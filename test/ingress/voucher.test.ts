/** Who the platform says calls: a voucher of telemetry's is believed about one call, once, and nothing that a caller says is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  composeInvocation,
  header,
  mintVoucher,
  openVoucher,
  parseFactHeaders,
  renderCaller,
  renderFactHeaders,
  voucherKey,
  voucherMs,
  type IngressConfig,
} from '../../contract/index.ts';
import { PlatformKeys } from '../../pki/index.ts';
import { voucherKeyOf } from '../../telemetry/bearer.ts';
import { until } from '../telemetry/embedded.ts';
import { call } from './call.ts';
import { agent, configWith, IngressBed } from './ingress-bed.ts';

const keys = new PlatformKeys(Buffer.alloc(32, 7));
/** As telemetry has it, from the key that OTLP tokens are checked with. */
const key = voucherKeyOf(keys.otlpKey().toString('base64'))!;
const about = { namespace: 'shop', agent: 'hello', id: '0190a1b2-0000-4000-8000-000000000001' };
const jane = 'system:serviceaccount:shop:jane';
const mint = (change: Partial<typeof about> = {}, now = Date.now(), user = jane): string =>
  mintVoucher(key, { ...about, ...change }, { user, now });

describe('a voucher', () => {
  test('is opened with what the ingress has, about its call and for a minute', () => {
    const atIngress = voucherKey(keys.otlpToken({ role: 'ingress' }))!;
    const voucher = mint({}, 1_000_000);
    expect(openVoucher(atIngress, voucher, about, 1_000_000)).toBe(jane);
    expect(openVoucher(atIngress, voucher, about, 1_000_000 + voucherMs)).toBeUndefined();
    expect(openVoucher(atIngress, voucher, about, 1_000_000 - voucherMs - 1)).toBeUndefined();
    for (const other of [{ namespace: 'team' }, { agent: 'other' }, { id: about.id.replace('1', '2') }])
      expect(openVoucher(atIngress, voucher, { ...about, ...other }, 1_000_000)).toBeUndefined();
  });

  test('is made by nobody else: no other token of the platform gives its key', () => {
    const pool = { role: 'worker', namespace: 'shop', name: 'p', uid: 'u' } as const;
    for (const identity of [pool, { role: 'telemetry' }, { role: 'operator' }] as const) {
      const other = voucherKey(keys.otlpToken(identity))!;
      expect(openVoucher(other, mint(), about, Date.now())).toBeUndefined();
    }
    expect(voucherKey('')).toBeUndefined();
    expect(voucherKeyOf('')).toBeUndefined();
  });

  test('of any text at all: never another user than was vouched for', () => {
    const text = fc.oneof(fc.string(), fc.base64String(), fc.constant(mint()));
    const spoilt = fc.tuple(fc.nat(200), fc.string({ minLength: 1, maxLength: 2 })).map(([at, put]) => {
      const whole = mint();
      return whole.slice(0, at) + put + whole.slice(at + put.length);
    });
    fc.assert(
      fc.property(fc.oneof(text, spoilt), (given) => {
        expect([jane, undefined]).toContain(openVoucher(key, given, about, Date.now()));
      }),
    );
  });
});

test('the user goes to the worker and into the record as it is, and one that cannot be read is none', () => {
  const facts = {
    ...{ id: about.id, trigger: { type: 'CLI', source: 'invoke' } as const, createdAt: 0 },
    agent: { kind: 'TaskAgent', namespace: 'shop', name: 'hello', uid: 'u1' } as const,
  };
  fc.assert(
    fc.property(fc.string({ maxLength: 700, unit: 'binary' }), (user) => {
      const told = renderFactHeaders({ ...facts, ...(/\p{Cs}/u.test(user) ? {} : { user }) });
      const read = parseFactHeaders((name) => told[name], 0).user;
      expect([user, undefined]).toContain(read);
      expect(composeInvocation({ ...facts, user: read }, { phase: 'Running' }).spec.identity.user).toBe(read);
    }),
  );
  expect(parseFactHeaders((name) => (name === header.user ? 'a%0Ab' : undefined), 0).user).toBeUndefined();
  expect(
    renderCaller({ user: jane, caller: [{ field: 'user', source: 'Header', value: 'x', verified: false }] }),
  ).toBe(`${jane} (Kubernetes), user=x`);
});

const bed = new IngressBed();

function configured(): void {
  const config: IngressConfig = configWith([agent]);
  const otlp = { endpoint: '', token: keys.otlpToken({ role: 'ingress' }) };
  bed.ingress.configure({ ...config, platform: { ...config.platform, otlp } });
}

describe('a call at the front door', () => {
  test('with a voucher is its user’s, set off by the command line, and goes to the worker as such', async () => {
    const worker = await bed.startWorker('w1');
    configured();
    const headers = { [header.voucher]: mint(), [header.invocationId]: about.id };
    expect((await call({ port: bed.ingress.port, headers })).status).toBe(200);
    await until('an event', () => Promise.resolve(bed.events.length > 0));
    expect(bed.events[0]?.spec).toMatchObject({
      identity: { audiences: [], user: jane },
      trigger: { type: 'CLI', source: 'invoke' },
    });
    const told = worker.seen[0]?.headers ?? {};
    expect(parseFactHeaders((name) => told[name]?.toString(), 0)).toMatchObject({ user: jane });
    expect(told[header.voucher]).toBeUndefined();
  });

  test('is made once by one voucher', async () => {
    const worker = await bed.startWorker('w1');
    configured();
    const headers = { [header.voucher]: mint(), [header.invocationId]: about.id };
    expect((await call({ port: bed.ingress.port, headers })).status).toBe(200);
    expect((await call({ port: bed.ingress.port, headers })).status).toBe(409);
    expect(worker.seen).toHaveLength(1);
  });

  test.each([
    ['of another call', { [header.voucher]: mint(), [header.invocationId]: about.id.replace('1', '2') }],
    ['that names no call', { [header.voucher]: mint() }],
    ['of another agent', { [header.voucher]: mint({ agent: 'other' }), [header.invocationId]: about.id }],
    ['too old', { [header.voucher]: mint({}, Date.now() - voucherMs), [header.invocationId]: about.id }],
    ['that is none', { [header.voucher]: 'jane', [header.invocationId]: about.id }],
  ])('with a voucher %s is refused, and nothing runs', async (_what, headers) => {
    const worker = await bed.startWorker('w1');
    configured();
    const answer = await call({ port: bed.ingress.port, headers });
    expect([answer.status, answer.headers[header.errorCode]]).toEqual([401, 'CALLER_NOT_VOUCHED']);
    expect(worker.seen).toEqual([]);
    expect(bed.events).toEqual([]);
  });

  test('that says itself whose it is: nothing of it is believed, or goes on', async () => {
    const worker = await bed.startWorker('w1');
    configured();
    const headers = {
      [header.user]: 'root',
      [header.trigger]: 'cli',
      [header.triggerSource]: 'invoke',
      'x-remote-user': 'root',
    };
    await call({ port: bed.ingress.port, headers });
    await until('an event', () => Promise.resolve(bed.events.length > 0));
    expect(bed.events[0]?.spec).toMatchObject({
      identity: { audiences: [] },
      trigger: { type: 'HTTP', source: 'ingress' },
    });
    expect(bed.events[0]?.spec.identity).not.toHaveProperty('user');
    expect(worker.seen[0]?.headers[header.user]).toBeUndefined();
  });

  test('before there is a key nobody is vouched for', async () => {
    await bed.startWorker('w1');
    const headers = { [header.voucher]: mint(), [header.invocationId]: about.id };
    expect((await call({ port: bed.ingress.port, headers })).status).toBe(401);
  });
});
