/** Logs of an agent and calls to it, by stock kubectl, with rights of their own. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { header, openVoucher } from '../../../contract/index.ts';
import { until } from '../embedded.ts';
import { ClusterBed, voucherKeyOfTests } from './cluster-bed.ts';

const bed = new ClusterBed();
const calls: string[] = [];
const vouched: Array<{ readonly voucher: string; readonly id: string }> = [];
/** The front door: says what it was asked. */
const ingress = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    calls.push(
      `${request.method ?? ''} ${request.url ?? ''} ${body} ${String(request.headers['x-remote-user'])}`,
    );
    const said = (name: string): string => String(request.headers[name] ?? '');
    vouched.push({ voucher: said(header.voucher), id: said(header.invocationId) });
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end('hello yourself');
  });
});

beforeAll(async () => {
  ingress.listen(0, '127.0.0.1');
  await once(ingress, 'listening');
  await bed.open(`http://127.0.0.1:${(ingress.address() as AddressInfo).port}/`);
}, 180_000);
afterAll(async () => {
  await bed.close();
  ingress.close();
});

const base = '/apis/telemetry.clrk.apoxy.dev/v1alpha1/namespaces';

async function say(namespace: string, body: string): Promise<void> {
  const attributes = { 'agent.kind': 'TaskAgent', 'agent.namespace': namespace, 'agent.name': 'hello' };
  const row = {
    Timestamp: new Date().toISOString().replace('Z', '000000').replace('T', ' '),
    Body: body,
    LogAttributes: attributes,
    ResourceAttributes: {},
  };
  await bed.service.store.insert({
    table: 'otel_logs',
    body: Buffer.from(`${JSON.stringify(row)}\n`),
    token: body,
  });
}

const bodies = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => (JSON.parse(line) as { body: string }).body);

describe('logs', () => {
  test('of one’s own namespace, a page or as they come; of no other', async () => {
    for (const body of ['one', 'two']) await say('team-a', body);
    await say('team-b', 'secret of b');
    const path = `${base}/team-a/taskagents/hello/logs`;
    const raw = async (user: string, query: string) =>
      await bed.kubectl(user, 'get', '--raw', `${path}?${query}`);
    await until('both are there', async () => bodies((await raw('alice', '')).stdout).length === 2);
    expect(bodies((await raw('alice', '')).stdout)).toEqual(['one', 'two']);
    expect(bodies((await raw('alice', 'limit=1')).stdout)).toEqual(['two']);
    expect((await raw('alice', 'colour=red')).stderr).toContain('unknown parameter colour');
    expect((await raw('bob', '')).stderr).toContain('(Forbidden)');
    const stop = new AbortController();
    let followed = '';
    const following = bed.api.kubectl('alice', ['get', '--raw', `${path}?follow=true`], {
      signal: stop.signal,
      onText: (text) => (followed = text),
    });
    await until('it shows what there was', () => bodies(followed).length === 2);
    await say('team-b', 'another of b');
    await say('team-a', 'three');
    await until('it shows what comes', () => bodies(followed).includes('three'));
    stop.abort();
    await following;
    expect(bodies(followed)).toEqual(['one', 'two', 'three']);
  });
});

describe('a call', () => {
  test('by who may call in that namespace reaches the front door; by nobody else', async () => {
    const bind = [
      'create',
      'rolebinding',
      'calls',
      '-n',
      'team-a',
      '--clusterrole=clrk-invoker',
      '--user=alice',
    ];
    expect((await bed.kubectl('admin', ...bind)).code).toBe(0);
    const invoke = async (user: string, namespace: string) =>
      await bed.api.kubectl(
        user,
        ['create', '--raw', `${base}/${namespace}/taskagents/hello/invoke/ask?x=1`, '-f', '-'],
        {
          stdin: '{"prompt":"hi"}',
        },
      );
    await until('the right is known', async () => (await invoke('alice', 'team-a')).code === 0, 30_000);
    calls.length = 0;
    expect((await invoke('alice', 'team-a')).stdout).toBe('hello yourself');
    expect(calls).toEqual(['POST /agents/team-a/hello/ask?x=1 {"prompt":"hi"} undefined']);
    // As the API server says, about this very call.
    const { voucher, id } = vouched.at(-1)!;
    const about = { namespace: 'team-a', agent: 'hello', id };
    expect(openVoucher(voucherKeyOfTests, voucher, about, Date.now())).toBe('alice');
    for (const [user, namespace] of [
      ['alice', 'team-b'],
      ['bob', 'team-a'],
      ['auditor', 'team-a'],
    ] as const) {
      expect((await invoke(user, namespace)).stderr).toContain('(Forbidden)');
    }
    expect(calls).toHaveLength(1);
  }, 60_000);
});
