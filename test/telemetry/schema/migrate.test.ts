/** From the first schema, as it was released, to this one: what was recorded is still there, and once. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Invocation } from '../../../contract/index.ts';
import { listCalls } from '../../../telemetry/read/call-list.ts';
import { followedOf } from '../../../telemetry/read/followed.ts';
import { parseReadRequest } from '../../../telemetry/read/read-request.ts';
import { migrate, versionTable } from '../../../telemetry/schema/migrate.ts';
import { migrations, type Migration } from '../../../telemetry/schema/migrations.ts';
import { lockTable } from '../../../telemetry/schema/schema-lock.ts';
import type { EmbeddedStore } from '../../../telemetry/store/store.ts';
import { openTestStore, removeDirectory, silentLog, temporaryDirectory, until } from '../embedded.ts';
import { invocation } from '../invocation-fixture.ts';

let directory: string;
let store: EmbeddedStore;
const { signal } = new AbortController();
const run = (steps: readonly Migration[] = migrations): Promise<void> =>
  migrate({ store, log: silentLog, signal, steps });

beforeEach(() => {
  directory = temporaryDirectory();
  store = openTestStore(directory);
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  removeDirectory(directory);
});

async function openFirstSchema(): Promise<void> {
  const text = readFileSync(join(import.meta.dirname, 'schema-0.sql'), 'utf8');
  for (const statement of text.split(';\n').filter((each) => each.trim() !== ''))
    await store.command(statement);
}

const hourMs = 3600 * 1000;
let seq = 0;

async function record(agoMs: number, ...objects: readonly Invocation[]): Promise<void> {
  const rows = objects.map((object) => {
    const takenMs = Date.now() - agoMs;
    return JSON.stringify({
      object: JSON.stringify(object),
      stream_seq: ++seq,
      event_time: (takenMs / 1000).toFixed(3),
    });
  });
  await store.insert({
    table: 'invocation_events',
    body: Buffer.from(`${rows.join('\n')}\n`),
    token: randomUUID(),
  });
}

async function texts(sql: string): Promise<string[]> {
  return (await store.query<{ v: string }>(sql)).map((row) => row.v);
}

const phasesOf = async (): Promise<Map<string, string>> => {
  const scope = { namespace: 'shop', kinds: ['TaskAgent'] as const };
  const page = await listCalls(store, { scope, phases: [], range: {}, limit: 100 });
  const objects = page.calls.map(({ object }) => object as Invocation);
  return new Map(objects.map((object) => [object.metadata.uid, object.status.phase]));
};

describe('from the first schema', () => {
  test('every call is there once, in its last state; logs and spans are kept and numbered', async () => {
    await openFirstSchema();
    const [ended, again, open, abandoned] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    const old = (id: string, agoMs: number, status: Invocation['status']): Invocation => {
      const object = invocation(id, status);
      const creationTimestamp = new Date(Date.now() - agoMs).toISOString();
      return { ...object, metadata: { ...object.metadata, creationTimestamp } };
    };
    await record(5 * 24 * hourMs, old(ended, 5 * 24 * hourMs, { phase: 'Running' }));
    await record(5 * 24 * hourMs - 1, old(ended, 5 * 24 * hourMs, { phase: 'Succeeded', httpStatus: 200 }));
    // Delivered twice, and a state that came after the end.
    for (let round = 0; round < 2; round++)
      await record(hourMs, old(again, hourMs, { phase: 'Failed', reason: 'NonZeroExit', exitCode: 3 }));
    await record(hourMs, old(again, hourMs, { phase: 'Running' }));
    const deadline = new Date(Date.now() + hourMs).toISOString();
    await record(1_000, old(open, 1_000, { phase: 'Dispatched', deadline }));
    await record(500, old(open, 1_000, { phase: 'Running', deadline }));
    await record(9 * 24 * hourMs, old(abandoned, 9 * 24 * hourMs, { phase: 'Running' }));
    const log = { Timestamp: `${Math.trunc(Date.now() / 1000)}.5`, Body: 'kept', LogAttributes: attributes };
    await store.insert({ table: 'otel_logs', body: Buffer.from(`${JSON.stringify(log)}\n`), token: 'l' });

    await run();

    expect(await phasesOf()).toEqual(
      new Map([
        [open, 'Running'],
        [again, 'Failed'],
        [ended, 'Succeeded'],
        [abandoned, 'Running'],
      ]),
    );
    expect(await texts(`SELECT toString(count()) AS v FROM invocations`)).toEqual(['3']);
    expect(
      await texts(`SELECT concat(reason, ' ', toString(exit_code)) AS v FROM invocations_by_agent
WHERE phase = 'Failed'`),
    ).toEqual(['NonZeroExit 3']);
    const source = followedOf(store, parseReadRequest('/v1/namespaces/shop/taskagents/hello/logs'));
    const lines: object[] = [];
    for await (const line of (await source.page()).objects) lines.push(line);
    expect(lines).toMatchObject([{ body: 'kept' }]);
    // Numbered once and for all, from when it was ingested.
    const ids = `SELECT toString(IngestId) AS v FROM otel_logs`;
    const before = await texts(ids);
    expect(BigInt(before[0] ?? 0)).toBeGreaterThan(0n);
    expect(await texts(ids)).toEqual(before);
    expect(await texts(`SELECT name AS v FROM system.tables WHERE name = 'invocation_events'`)).toEqual([]);
  });

  test('a process that ends in the middle is gone on from by the next, and nothing counts twice', async () => {
    await openFirstSchema();
    const id = randomUUID();
    await record(hourMs, invocation(id, { phase: 'Succeeded' }));
    const broken = migrations.map((step) =>
      step.version === 2
        ? {
            ...step,
            run: async (inner: typeof store) => {
              const failing = Object.assign(Object.create(inner) as typeof store, {
                command: (sql: string, params?: Record<string, unknown>) =>
                  /INSERT INTO invocation_progress/.test(sql)
                    ? Promise.reject(new Error('the process ended'))
                    : inner.command(sql, params),
                query: inner.query.bind(inner),
              });
              await step.run(failing, signal);
            },
          }
        : step,
    ) as readonly Migration[];
    await expect(run(broken)).rejects.toThrow('the process ended');
    expect(await texts('SELECT toString(count()) AS v FROM invocations')).toEqual(['1']);
    await run();
    expect(await texts('SELECT toString(count()) AS v FROM invocations')).toEqual(['1']);
    expect([...(await phasesOf()).keys()]).toEqual([id]);
  });
});

describe('at every start', () => {
  test('several replicas: one migrates, the others find it done', async () => {
    const ran: number[] = [];
    let underWay = 0;
    let most = 0;
    const steps: Migration[] = [1, 2].map((version) => ({
      version,
      name: `v${version}`,
      run: async () => {
        most = Math.max(most, ++underWay);
        await store.query('SELECT sleep(0.2)');
        underWay--;
        ran.push(version);
      },
    }));
    await Promise.all([run(steps), run(steps), run(steps)]);
    expect(ran).toEqual([1, 2]);
    expect(most).toBe(1);
    expect(await texts(`SELECT name AS v FROM system.tables WHERE name LIKE '${lockTable}%'`)).toEqual([]);
  });

  test('the lock of a process that died is taken over', async () => {
    await store.command(`CREATE TABLE ${lockTable} (held UInt8) ENGINE = Memory COMMENT '1000'`);
    await run([{ version: 1, name: 'one', run: () => Promise.resolve() }]);
    expect(await texts(`SELECT toString(max(version)) AS v FROM ${versionTable}`)).toEqual(['1']);
  });

  test('the lock of a living one is waited for', async () => {
    const untilMs = Date.now() + 60_000;
    await store.command(`CREATE TABLE ${lockTable} (held UInt8) ENGINE = Memory COMMENT '${untilMs}'`);
    let ran = false;
    const running = run([{ version: 1, name: 'one', run: async () => void (ran = true) }]);
    await store.query('SELECT sleep(0.6)');
    expect(ran).toBe(false);
    await store.command(`DROP TABLE ${lockTable}`);
    await running;
    await until('it has run', () => ran);
  });

  test('a schema of a later program is left alone', async () => {
    await run();
    await store.insert({
      table: versionTable,
      body: Buffer.from('{"version":99,"name":"later"}\n'),
      token: 'v',
    });
    await expect(run()).rejects.toMatchObject({ code: 'SCHEMA_NEWER' });
  });
});

const attributes = { 'agent.kind': 'TaskAgent', 'agent.namespace': 'shop', 'agent.name': 'hello' };
