/** Stock kubectl asks the API server, which asks us: figures of agents, gateways and pools, and who may see them. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { until } from '../embedded.ts';
import { call, useCluster } from './cluster-bed.ts';
import { keepExchanges, keepLog, keepRuns, model, runRow } from './span-fixture.ts';

const bed = useCluster();
const group = 'metrics.clrk.apoxy.dev';
const base = `/apis/${group}/v1alpha1`;

async function json(user: string, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const ran = await bed.kubectl(user, 'get', ...args);
  if (ran.code !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout) as Record<string, unknown>;
}

interface Series {
  readonly truncated: boolean;
  readonly series: ReadonlyArray<{
    readonly labels: Record<string, string>;
    readonly points: ReadonlyArray<{ value?: string; count?: string; quantiles?: Record<string, string> }>;
  }>;
}

const of = (user: string, namespace: string, rest: string): Promise<Series> =>
  json(user, '--raw', `${base}/namespaces/${namespace}/${rest}`) as Promise<unknown> as Promise<Series>;

/** Sums of each series, by its labels. */
function sums({ series }: Series): Record<string, number> {
  const sum = (points: Series['series'][number]['points']): number =>
    points.reduce((total, { value, count }) => total + Number(value ?? count), 0);
  return Object.fromEntries(
    series.map(({ labels, points }) => [Object.values(labels).join('/'), sum(points)]),
  );
}

beforeAll(async () => {
  const { store } = bed.service;
  await bed.record(
    call('team-a', randomUUID(), { phase: 'Succeeded', totalMs: 100 }),
    call('team-a', randomUUID(), { phase: 'Succeeded', totalMs: 300 }),
    call('team-a', randomUUID(), { phase: 'Failed', totalMs: 500, reason: 'NonZeroExit' }),
    call('team-a', randomUUID(), { phase: 'Running' }),
    call('team-b', randomUUID(), { phase: 'Succeeded', totalMs: 7 }, { agent: 'other' }),
  );
  await keepExchanges(
    store,
    { namespace: 'team-a', attributes: model(100, 20, '0.1'), durationMs: 1000 },
    { namespace: 'team-a', attributes: model(1, 2, '0.2', 'claude'), durationMs: 3000 },
    { namespace: 'team-a', attributes: { 'mcp.method': 'tools/call', 'mcp.tool.name': 'send' } },
    {
      namespace: 'team-a',
      attributes: {
        'http.response.status_code': '429',
        'clrk.decision': 'deny',
        'clrk.egress.deny_reason': 'budget',
        'clrk.record.count': '5',
      },
    },
    { namespace: 'team-a', agent: 'poller', kind: 'DaemonAgent', attributes: model(9, 9, '0.000001') },
    { namespace: 'team-b', agent: 'other', attributes: model(1000, 1000, '5') },
    { namespace: 'team-a', at: new Date(Date.now() - 3 * 86_400_000), attributes: model(7777, 0, '7') },
  );
  await keepRuns(store, runRow('team-a', 'main', 40), runRow('team-a', 'main', 40, true));
  await keepLog(store, 'team-a', 'WARN');
  await until(
    'kubectl finds the group',
    async () => (await bed.kubectl('auditor', 'get', 'metrics')).code === 0,
  );
}, 60_000);

describe('kubectl get', () => {
  test('prints figures of the last day as a table, with names alone for who asks for names', async () => {
    const found = await bed.kubectl('auditor', 'api-resources', `--api-group=${group}`);
    expect(found.stdout).toMatch(
      /taskagentmetrics +metrics\.clrk\.apoxy\.dev\/v1alpha1 +true +TaskAgentMetrics/,
    );
    const table = await bed.kubectl('alice', 'get', 'taskagentmetrics', '-n', 'team-a');
    expect(table.stderr).toBe('');
    expect(table.stdout).toMatch(
      /^NAME +INVOCATIONS +ERRORS +RUNNING +INPUT +OUTPUT +COST +P50 +P99 +WINDOW\n/,
    );
    expect(table.stdout).toMatch(/\nhello +3 +1 +1 +101 +22 +0\.3 +300 +\d+(\.\d+)? +24h\n$/);
    const names = await bed.kubectl('auditor', 'get', 'taskagentmetrics', '-A', '-o', 'name');
    expect(names.stdout.trim().split('\n')).toEqual([
      `taskagentmetrics.${group}/hello`,
      `taskagentmetrics.${group}/other`,
    ]);
  });

  test('gives one as an object: sums are exact, what is not known is absent', async () => {
    const hello = await json('alice', 'taskagentmetrics', 'hello', '-n', 'team-a', '-o', 'json');
    expect(hello).toMatchObject({
      ...{ apiVersion: `${group}/v1alpha1`, kind: 'TaskAgentMetrics', window: '24h' },
      metadata: { name: 'hello', namespace: 'team-a' },
      usage: { cost_usd: '0.3', tool_calls: '1', latency_p50_ms: '300' },
    });
    const poller = await json('alice', 'daemonagentmetrics', 'poller', '-n', 'team-a', '-o', 'json');
    expect(poller['usage']).toEqual({
      ...{ invocations: '0', errors: '0', running: '0', tool_calls: '0' },
      ...{ input_tokens: '9', output_tokens: '9', cost_usd: '0.000001' },
    });
    const gateway = await json('alice', 'egressgatewaymetrics', 'main', '-n', 'team-a', '-o', 'json');
    expect(gateway).toMatchObject({
      usage: { requests: '9', status_2xx: '4', status_4xx: '5', status_5xx: '0', denied: '5' },
      routes: [{ kind: 'AIProviderRoute', namespace: 'team-a', name: 'models', usage: { requests: '3' } }],
    });
    const pool = await json('alice', 'workerpoolmetrics', 'main', '-n', 'team-a', '-o', 'json');
    expect(pool['usage']).toEqual({
      ...{ dispatches: '2', dispatch_errors: '1' },
      ...{ dispatch_latency_p50_ms: '40', dispatch_latency_p99_ms: '40' },
    });
    const missing = await bed.kubectl('alice', 'get', 'taskagentmetrics', 'nobody', '-n', 'team-a');
    expect(missing.stderr).toContain('(NotFound)');
  });

  test('explains, describes, and shows the catalogue', async () => {
    const explained = await bed.kubectl('auditor', 'explain', 'taskagentmetrics.usage');
    expect(explained.stdout).toContain('one that is not known is absent');
    const described = await bed.kubectl('alice', 'describe', 'taskagentmetrics', 'hello', '-n', 'team-a');
    expect(described.stdout).toMatch(/cost_usd: +0\.3/);
    const catalogue = await bed.kubectl('auditor', 'get', 'metrics');
    expect(catalogue.stdout).toMatch(/\ngen_ai\.tokens +Counter +\{token\} +Tokens that providers counted\n/);
    expect(await json('auditor', 'metrics', 'log.severity', '-o', 'json')).toMatchObject({
      groupBy: ['agent', 'namespace', 'gateway', 'severity', 'component'],
    });
  });

  test('says what it cannot do', async () => {
    for (const [args, said] of [
      [['-l', 'a=b'], 'BadRequest'],
      [['--field-selector', 'metadata.name=hello'], 'BadRequest'],
      [['-w'], 'MethodNotAllowed|not watched'],
    ] as const) {
      const ran = await bed.kubectl('admin', 'get', 'taskagentmetrics', '-n', 'team-a', ...args);
      expect(ran.stderr).toMatch(new RegExp(said));
    }
    const removed = await bed.kubectl('admin', 'delete', 'taskagentmetrics', 'hello', '-n', 'team-a');
    expect(removed.code).toBe(1);
  });
});

describe('a series', () => {
  const hello = (query: string): Promise<Series> =>
    of('alice', 'team-a', `taskagentmetrics/hello/series?${query}`);

  test('of each metric of the catalogue', async () => {
    expect(sums(await hello('metric=gen_ai.tokens&groupBy=token_type'))).toEqual({ input: 101, output: 22 });
    expect(sums(await hello('metric=gen_ai.cost&groupBy=model'))).toEqual({ gpt: 0.1, claude: 0.2 });
    expect(sums(await hello('metric=mcp.calls&groupBy=tool'))).toEqual({ send: 1 });
    expect(sums(await hello('metric=egress.requests&groupBy=status_class'))).toEqual({ '2xx': 3, '4xx': 5 });
    expect(sums(await hello('metric=egress.bytes&groupBy=direction'))).toEqual({ sent: 20, received: 64 });
    expect(sums(await hello('metric=agent.invocations&groupBy=phase'))).toEqual({ Succeeded: 2, Failed: 1 });
    expect(sums(await hello('metric=agent.errors&groupBy=reason'))).toEqual({ NonZeroExit: 1 });
    expect(sums(await hello('metric=budget.denied'))).toEqual({ '': 5 });
    expect(sums(await hello('metric=log.severity&groupBy=severity'))).toEqual({ WARN: 1 });
    const slow = await hello('metric=gen_ai.duration&quantiles=0,1&step=1h');
    expect(slow.series.flatMap(({ points }) => points).map(({ quantiles }) => quantiles)).toContainEqual({
      ...{ '0': '1', '1': '3' },
    });
    expect(sums(await hello('metric=mcp.duration'))).toEqual({ '': 1 });
    expect(sums(await hello('metric=agent.duration'))).toEqual({ '': 3 });
  });

  test('reaches as far back as it is asked', async () => {
    const since = new Date(Date.now() - 7 * 86_400_000).toISOString();
    const week = await hello(`metric=gen_ai.tokens&groupBy=token_type&since=${since}&step=24h`);
    expect(sums(week)).toEqual({ input: 7878, output: 22 });
  });

  test('of a gateway has what went through it, of whichever agent', async () => {
    const gateway = await of(
      'alice',
      'team-a',
      'egressgatewaymetrics/main/series?metric=gen_ai.tokens&groupBy=agent',
    );
    expect(sums(gateway)).toEqual({ 'TaskAgent/team-a/hello': 123, 'DaemonAgent/team-a/poller': 18 });
  });

  test('of the fleet is for who sees all of it', async () => {
    const path = `${base}/metrics/gen_ai.cost/series?groupBy=namespace`;
    const fleet = (await json('auditor', '--raw', path)) as unknown as Series;
    expect(sums(fleet)).toMatchObject({ 'team-b': 5 });
    const scoped = `${path}&scopeKind=TaskAgent&scopeNamespace=team-b&scopeName=other`;
    expect(sums((await json('auditor', '--raw', scoped)) as unknown as Series)).toEqual({ 'team-b': 5 });
    for (const asked of [path, scoped]) {
      expect((await bed.kubectl('bob', 'get', '--raw', asked)).stderr).toContain('(Forbidden)');
    }
  });

  test('is the fifty largest, and says when there are more', async () => {
    const many = Array.from({ length: 60 }, (_, index) => ({
      namespace: 'team-b',
      agent: 'many',
      attributes: model(1 + index, 0, '0', `model-${index}`),
    }));
    await keepExchanges(bed.service.store, ...many);
    const found = await of(
      'bob',
      'team-b',
      'taskagentmetrics/many/series?metric=gen_ai.tokens&groupBy=model',
    );
    expect(found.truncated).toBe(true);
    expect(found.series.map(({ labels }) => labels['model'])).toEqual(
      Array.from({ length: 50 }, (_, index) => `model-${59 - index}`),
    );
  });
});

describe('rights', () => {
  test('each sees his own namespace and nothing of the other', async () => {
    for (const [user, other] of [
      ['alice', 'team-b'],
      ['bob', 'team-a'],
    ] as const) {
      for (const rest of ['taskagentmetrics', 'taskagentmetrics/hello', 'workerpoolmetrics/main']) {
        const ran = await bed.kubectl(user, 'get', '--raw', `${base}/namespaces/${other}/${rest}`);
        expect(ran).toMatchObject({ code: 1, stdout: '' });
        expect(ran.stderr).toContain(`User "${user}" cannot`);
        expect(ran.stderr).toContain(`in API group "${group}" in the namespace "${other}"`);
      }
      const series = `${base}/namespaces/${other}/taskagentmetrics/hello/series?metric=gen_ai.cost`;
      expect((await bed.kubectl(user, 'get', '--raw', series)).stderr).toContain('(Forbidden)');
      expect((await bed.kubectl(user, 'get', 'taskagentmetrics', '-A')).stderr).toContain('(Forbidden)');
    }
    // The name of an agent of the other namespace, in his own.
    const borrowed = await of('alice', 'team-a', 'taskagentmetrics/other/series?metric=gen_ai.cost');
    expect(borrowed.series).toEqual([]);
  });
});
