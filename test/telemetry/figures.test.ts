/** What may be asked of a series, and that nothing a client sends reaches the text of a statement. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMetricsIntent } from '../../telemetry/aggregated/metrics-intent.ts';
import { catalogue, dimensionsOf } from '../../telemetry/figures/recipe.ts';
import { bounds, parseSeriesRequest, type SeriesRequest } from '../../telemetry/figures/series-options.ts';
import { seriesStatement } from '../../telemetry/figures/series.ts';

const nowMs = Date.parse('2026-11-28T09:00:00Z');
const scope = { kind: 'TaskAgent', namespace: 'a', name: 'b' } as const;
const parse = (query: string, metric = 'gen_ai.tokens'): SeriesRequest =>
  parseSeriesRequest(new URLSearchParams(query), { metric, scope, nowMs }, ['metric']);

describe('a series', () => {
  test('is of the last hour in sixty steps when nothing is said', () => {
    expect(parse('')).toMatchObject({ stepS: 60, sinceS: nowMs / 1000 - 3600, untilS: nowMs / 1000 });
  });

  test.each([
    ['step=5m', { stepS: 300 }],
    ['step=90', { stepS: 90 }],
    ['step=1h&since=2026-11-28T00:30:00Z', { sinceS: Date.parse('2026-11-28T00:00:00Z') / 1000 }],
    ['groupBy=model,token_type', { groupBy: ['model', 'token_type'] }],
    ['since=2026-10-28T09:00:00Z&step=1h', { stepS: 3600 }],
  ])('%s', (query, expected) => {
    expect(parse(query)).toMatchObject(expected);
  });

  test.each([
    ['since=2026-10-28T08:59:00Z', /31 days/],
    ['since=2026-11-28T09:00:00Z', /since must be before/],
    ['since=yesterday', /RFC 3339/],
    ['step=1s', /1500 steps/],
    ['step=500ms', /whole seconds/],
    ['step=0', /whole seconds/],
    ['step=1.5s', /whole seconds/],
    ['groupBy=colour', /is grouped by/],
    ['groupBy=constructor', /is grouped by/],
    ['groupBy=agent,model,provider,route,gateway', /4 at most/],
    ['quantiles=0.5', /of histograms/],
    ['colour=red', /unknown parameter/],
    ['step=60s&step=60s', /twice/],
  ])('%s is refused', (query, why) => {
    expect(() => parse(query)).toThrow(why);
  });

  test('quantiles are numbers from 0 to 1', () => {
    expect(parse('', 'gen_ai.duration').quantiles).toEqual([0.5, 0.95, 0.99]);
    expect(parse('quantiles=0.5,0.999', 'gen_ai.duration').quantiles).toEqual([0.5, 0.999]);
    for (const text of ['2', '-1', 'NaN', '1e9', '0.5)', '1.5'])
      expect(() => parse(`quantiles=${text}`, 'gen_ai.duration')).toThrow(/0 to 1/);
  });

  test('of what is not counted for a gateway is refused, and so is an unknown metric', () => {
    const gateway = { kind: 'EgressGateway', namespace: 'a', name: 'b' } as const;
    const ask = (metric: string) => () =>
      parseSeriesRequest(new URLSearchParams(), { metric, scope: gateway, nowMs }, []);
    expect(ask('agent.invocations')).toThrow(/not counted for a EgressGateway/);
    expect(ask('toString')).toThrow(/there is no metric/);
  });

  test('whatever is asked, the answer is bounded and the statement holds none of it', () => {
    const part = fc.constantFrom('since', 'until', 'step', 'groupBy', 'quantiles', 'x');
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom("';--", 'model', '2026-11-01T00:00:00Z', '1h', '0.5', 'tool'),
    );
    const query = fc.array(fc.tuple(part, value), { maxLength: 5 });
    const metric = fc.constantFrom(...catalogue.map(({ id }) => id));
    fc.assert(
      fc.property(query, metric, fc.string(), (pairs, id, name) => {
        let request: SeriesRequest;
        try {
          const asked = { metric: id, nowMs, scope: { ...scope, name } };
          request = parseSeriesRequest(new URLSearchParams(pairs), asked, []);
        } catch (error) {
          expect((error as { code?: string }).code).toBe('BAD_REQUEST');
          return;
        }
        expect((request.untilS - request.sinceS) / request.stepS).toBeLessThanOrEqual(bounds.maxSteps);
        const plain = seriesStatement({ ...request, scope: { ...scope, name: 'b' } });
        expect(seriesStatement(request).sql).toBe(plain.sql);
        expect(Object.keys(dimensionsOf(request.recipe))).toEqual(
          expect.arrayContaining([...request.groupBy]),
        );
      }),
    );
  });
});

describe('a path of figures', () => {
  const root = '/apis/metrics.clrk.apoxy.dev/v1alpha1';
  const of = (rest: string) => parseMetricsIntent('GET', `${root}${rest}`)?.attributes;

  test.each([
    ['/metrics', { verb: 'list', resource: 'metrics' }],
    ['/metrics/gen_ai.tokens', { verb: 'get', resource: 'metrics', name: 'gen_ai.tokens' }],
    [
      '/metrics/gen_ai.tokens/series',
      { verb: 'get', resource: 'metrics', subresource: 'series', name: 'gen_ai.tokens' },
    ],
    ['/taskagentmetrics', { verb: 'list', resource: 'taskagentmetrics' }],
    ['/namespaces/a/workerpoolmetrics', { verb: 'list', resource: 'workerpoolmetrics', namespace: 'a' }],
    [
      '/namespaces/a/daemonagentmetrics/b.c/series',
      { verb: 'get', resource: 'daemonagentmetrics', subresource: 'series', namespace: 'a', name: 'b.c' },
    ],
  ])('%s', (rest, attributes) => {
    expect(of(rest)).toEqual({ group: 'metrics.clrk.apoxy.dev', ...attributes });
  });

  test.each([
    '/namespaces/a/workerpoolmetrics/b/series',
    '/namespaces/a/metrics',
    '/namespaces/A/taskagentmetrics',
    '/namespaces/a/taskagentmetrics/b%2fc',
    '/namespaces/a/taskagentmetrics/b/status',
    '/taskagentmetrics/b',
    '/metrics/../x',
  ])('%s is none', (rest) => {
    expect(of(rest)).toBeUndefined();
  });

  test('nothing is written', () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      expect(() => parseMetricsIntent(method, `${root}/taskagentmetrics`)).toThrow(/nothing to write/);
  });
});
