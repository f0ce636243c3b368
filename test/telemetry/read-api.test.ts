/** What the read API answers from the real store: to whom, over what, how much at a time, and that nothing is left out. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import type { Invocation } from '../../contract/index.ts';
import { createCa, issueLeaf } from '../../pki/index.ts';
import { readerOf } from '../../telemetry/bearer.ts';
import { openTelemetryService } from '../../telemetry/service.ts';
import { silentLog, temporaryDirectory, removeDirectory, until } from './embedded.ts';
import { invocation } from './invocation-fixture.ts';
import { readerSecret, readerToken, useService } from './service-bed.ts';

const bed = useService();

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

/** Lines of an agent of namespace shop. */
async function write(agent: string, bodies: readonly string[]): Promise<void> {
  const attributes = [
    text('agent.kind', 'TaskAgent'),
    text('agent.namespace', 'shop'),
    text('agent.name', agent),
  ];
  const now = BigInt(Date.now()) * 1_000_000n;
  const logRecords = bodies.map((body, index) => ({
    timeUnixNano: String(now + BigInt(index)),
    body: { stringValue: body },
    attributes,
  }));
  const answer = await bed.post(
    '/v1/logs',
    JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }),
    {
      'content-type': 'application/json',
    },
  );
  expect(answer.status).toBe(200);
}

async function get(path: string, token = readerToken()): Promise<Response> {
  return fetch(`http://127.0.0.1:${bed.service.readPort}${path}`, {
    headers: { 'x-clrk-authorization': token },
  });
}

const parse = <T>(ndjson: string): T[] =>
  ndjson
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

test('a token reads its namespaces, in every way there is to ask, and no others', async () => {
  const id = randomUUID();
  await bed.publish(invocation(id, { phase: 'Succeeded' }));
  await until(
    'it is recorded',
    async () => (await get(`/v1/namespaces/shop/invocations/${id}`)).status === 200,
  );
  const paths = [
    'invocations',
    `invocations/${id}`,
    'taskagents/hello/logs',
    'taskagents/hello/traces',
    'taskagents/hello/invocations',
    'taskagents/hello/logs?follow=true',
    'invocations?follow=true',
    `taskagents/hello/logs?continue=${Buffer.from('["r","1","1"]').toString('base64url')}`,
  ];
  for (const path of paths) {
    const own = await get(`/v1/namespaces/shop/${path}`, readerToken(['other', 'shop']));
    expect([path, own.status]).toEqual([path, 200]);
    await own.body?.cancel();
    const foreign = await get(`/v1/namespaces/shop/${path}`, readerToken(['other', 'shop-2', 'sho']));
    expect([path, foreign.status]).toEqual([path, 403]);
    expect(await foreign.json()).toMatchObject({ code: 'NAMESPACE_DENIED' });
  }
  expect((await get('/v1/namespaces/shop/invocations', readerToken(['shop'], Date.now() - 1))).status).toBe(
    401,
  );
  expect((await get('/v1/namespaces/shop/invocations', `Bearer ${readerSecret}`)).status).toBe(401);
});

test('a follower is cut when its token expires', async () => {
  const token = readerToken(['shop'], Date.now() + 1_500);
  const answer = await get('/v1/namespaces/shop/taskagents/quiet/logs?follow=true', token);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe('');
});

test('the read port speaks TLS alone, with the certificate of telemetry', async () => {
  const ca = createCa({ commonName: 'test', years: 1 });
  const leaf = issueLeaf({
    ca,
    commonName: 'clrk-telemetry',
    dnsNames: ['localhost'],
    ips: [],
    ttlMs: 3_600_000,
    usage: 'server',
  });
  const directory = temporaryDirectory();
  await using service = await openTelemetryService({
    host: '127.0.0.1',
    otlpPort: 0,
    readPort: 0,
    store: bed.store,
    spoolDir: directory,
    nats: bed.nats,
    tls: () => ({ cert: leaf.certificatePem, key: leaf.privateKeyPem }),
    otlpSpeaker: () => undefined,
    reader: (value) => readerOf(value, readerSecret, Date.now()),
    log: silentLog,
  });
  const asked = request({
    host: '127.0.0.1',
    servername: 'localhost',
    port: service.readPort,
    path: '/v1/namespaces/shop/invocations?limit=1',
    ca: ca.certificatePem,
    headers: { 'x-clrk-authorization': readerToken(['shop']) },
  }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(200);
  answer.resume();
  await expect(
    fetch(`http://127.0.0.1:${service.readPort}/v1/namespaces/shop/invocations`),
  ).rejects.toThrow();
  removeDirectory(directory);
});

test('pages of logs add up to all of them, each once, and a cut page says so', async () => {
  const bodies = Array.from({ length: 250 }, (_, index) => `line ${index}`);
  await write('paged', bodies);
  const shown: string[] = [];
  let next = '';
  for (let pages = 0; pages < 10; pages++) {
    const more = next === '' ? '' : `&continue=${next}`;
    const answer = await get(`/v1/namespaces/shop/taskagents/paged/logs?limit=100${more}`);
    shown.unshift(...parse<{ body: string }>(await answer.text()).map((line) => line.body));
    next = answer.headers.get('x-clrk-continue') ?? '';
    if (next === '') break;
  }
  expect(shown).toEqual(bodies);
});

test('pages of calls, ended and open, by phase and agent, add up to all of them', async () => {
  const calls = Array.from({ length: 23 }, (_, index) => {
    const phase = (['Succeeded', 'Failed', 'Running', 'Dispatched'] as const)[index % 4] ?? 'Failed';
    const object = invocation(randomUUID(), {
      phase,
      deadline: new Date(Date.now() + 600_000).toISOString(),
    });
    // Several at the same time: the rest of the key tells them apart.
    const creationTimestamp = new Date(
      1_000 * Math.floor(Date.now() / 1_000 - Math.floor(index / 3)),
    ).toISOString();
    const spec = { ...object.spec, parentRef: { ...object.spec.parentRef, name: `lister-${index % 2}` } };
    return { ...object, metadata: { ...object.metadata, namespace: 'lists', creationTimestamp }, spec };
  });
  for (const call of calls) {
    // What was said before the end is not a call of its own.
    if (call.status.phase === 'Succeeded') await bed.publish({ ...call, status: { phase: 'Running' } });
    await bed.publish(call);
  }
  const list = async (filter: string): Promise<Invocation[]> => {
    const found: Invocation[] = [];
    let next = '';
    do {
      const more = next === '' ? '' : `&continue=${next}`;
      const answer = await get(`/v1/namespaces/lists/invocations?limit=4${filter}${more}`);
      const page = parse<Invocation>(await answer.text());
      expect(page.length).toBeLessThanOrEqual(4);
      found.push(...page);
      next = answer.headers.get('x-clrk-continue') ?? '';
    } while (next !== '' && found.length < 100);
    return found;
  };
  await until('all are there', async () => (await list('')).length === calls.length);
  const expected = (keep: (call: Invocation) => boolean): string[] =>
    calls
      .filter(keep)
      .map((call) => `${call.metadata.uid} ${call.status.phase}`)
      .sort();
  const found = async (filter: string): Promise<string[]> =>
    (await list(filter)).map((call) => `${call.metadata.uid} ${call.status.phase}`).sort();
  expect(await found('')).toEqual(expected(() => true));
  expect(await found('&phase=Running')).toEqual(expected((call) => call.status.phase === 'Running'));
  expect(await found('&phase=Succeeded,Failed')).toEqual(
    expected((call) => ['Succeeded', 'Failed'].includes(call.status.phase)),
  );
  expect(await found('&agent=lister-1')).toEqual(expected((call) => call.spec.parentRef.name === 'lister-1'));
  const times = (await list('')).map((call) => call.metadata.creationTimestamp);
  expect(times).toEqual([...times].sort().reverse());
});

test('one id, two agents: two calls, each with its own end', async () => {
  const id = randomUUID();
  for (const [name, phase] of [
    ['one', 'Succeeded'],
    ['two', 'Failed'],
  ] as const) {
    const object = invocation(id, { phase });
    await bed.publish({
      ...object,
      spec: { ...object.spec, parentRef: { ...object.spec.parentRef, name, uid: `u-${name}` } },
    });
  }
  const read = async (): Promise<string[]> =>
    parse<Invocation>(await (await get(`/v1/namespaces/shop/invocations/${id}`)).text())
      .map((call) => `${call.spec.parentRef.name} ${call.status?.phase}`)
      .sort();
  await until(
    'both are there',
    async () =>
      (await get(`/v1/namespaces/shop/invocations/${id}`)).status === 200 && (await read()).length === 2,
  );
  expect(await read()).toEqual(['one Succeeded', 'two Failed']);
  const [ofTwo] = await bed.read(`/v1/namespaces/shop/taskagents/two/invocations?invocation=${id}`);
  expect(ofTwo).toMatchObject({ status: { phase: 'Failed' } });
});

test('a follower is given every line of a burst once, however many; behind a cursor it goes on', async () => {
  await write(
    'busy',
    Array.from({ length: 1_500 }, (_, index) => `before ${index}`),
  );
  const abort = new AbortController();
  const answer = await fetch(
    `http://127.0.0.1:${bed.service.readPort}/v1/namespaces/shop/taskagents/busy/logs?follow=true&limit=10`,
    { headers: { 'x-clrk-authorization': readerToken() }, signal: abort.signal },
  );
  expect(answer.headers.get('x-clrk-continue')).not.toBeNull();
  let seen = '';
  const reading = (async () => {
    for await (const chunk of answer.body ?? []) seen += Buffer.from(chunk as Uint8Array).toString();
  })().catch(() => undefined);
  const lines = (): Array<{ body: string; cursor: string }> =>
    parse(seen.slice(0, seen.lastIndexOf('\n') + 1));
  for (let batch = 0; batch < 6; batch++)
    await write(
      'busy',
      Array.from({ length: 700 }, (_, index) => `line ${batch * 700 + index}`),
    );
  const after = (): string[] =>
    lines()
      .map((line) => line.body)
      .filter((body) => body.startsWith('line '));
  await until('all are given', () => after().length >= 4_200, 60_000);
  abort.abort();
  await reading;
  expect(new Set(after()).size).toBe(4_200);
  expect(after()).toHaveLength(4_200);
  expect(lines().filter((line) => line.body.startsWith('before '))).toHaveLength(10);
  // Gone on behind the last one: what came since, whatever else is repeated.
  const last = lines()
    .map((line) => BigInt(line.cursor))
    .reduce((a, b) => (a > b ? a : b));
  await write(
    'busy',
    Array.from({ length: 1_200 }, (_, index) => `later ${index}`),
  );
  const again = new AbortController();
  const resumed = await fetch(
    `http://127.0.0.1:${bed.service.readPort}/v1/namespaces/shop/taskagents/busy/logs?follow=true&after=${last}`,
    { headers: { 'x-clrk-authorization': readerToken() }, signal: again.signal },
  );
  seen = '';
  const rereading = (async () => {
    for await (const chunk of resumed.body ?? []) seen += Buffer.from(chunk as Uint8Array).toString();
  })().catch(() => undefined);
  await until(
    'what came meanwhile is given',
    () =>
      new Set(
        lines()
          .map((line) => line.body)
          .filter((body) => body.startsWith('later ')),
      ).size === 1_200,
    60_000,
  );
  again.abort();
  await rereading;
}, 180_000);
