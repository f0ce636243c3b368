/** Paths and queries as what is asked for: tables, and whatever bytes come. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAccept } from '../../../telemetry/aggregated/accept.ts';
import { resourcesDocument } from '../../../telemetry/aggregated/discovery.ts';
import { served } from '../../../telemetry/aggregated/group.ts';
import { parseIntent } from '../../../telemetry/aggregated/intent.ts';
import { parseListOptions, parseWatchOptions } from '../../../telemetry/aggregated/list-options.ts';
import { parseSelection } from '../../../telemetry/aggregated/selector.ts';
import { idAtMs } from '../../../telemetry/read/seen-ids.ts';

const base = '/apis/telemetry.clrk.apoxy.dev/v1alpha1';
const id = '0190a1b2-0000-4000-8000-000000000001';
const now = 1_795_000_000_000;
const codeOf = (run: () => unknown): string => {
  try {
    run();
    return '';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
};

describe('a path', () => {
  test.each([
    ['GET', `${base}/invocations`, { verb: 'list', resource: 'invocations' }],
    ['GET', `${base}/invocations?watch=true`, { verb: 'watch', resource: 'invocations' }],
    [
      'GET',
      `${base}/namespaces/a/invocations?watch=0`,
      { verb: 'list', resource: 'invocations', namespace: 'a' },
    ],
    [
      'GET',
      `${base}/namespaces/a/invocations?watch=`,
      { verb: 'watch', resource: 'invocations', namespace: 'a' },
    ],
    // One name is never a watch, whatever is said: it would be asked for with the lesser right.
    [
      'GET',
      `${base}/namespaces/a/invocations/${id}?watch=1`,
      { verb: 'get', resource: 'invocations', namespace: 'a', name: id },
    ],
    [
      'GET',
      `${base}/namespaces/a/taskagents/b.c/logs?x=1`,
      { verb: 'get', resource: 'taskagents', subresource: 'logs', namespace: 'a', name: 'b.c' },
    ],
    [
      'GET',
      `${base}/namespaces/a/daemonagents/b/traces`,
      { verb: 'get', resource: 'daemonagents', subresource: 'traces', namespace: 'a', name: 'b' },
    ],
    [
      'POST',
      `${base}/namespaces/a/taskagents/b/invoke/x/y?z`,
      { verb: 'create', resource: 'taskagents', subresource: 'invoke', namespace: 'a', name: 'b' },
    ],
  ])('%s %s', (method, url, attributes) => {
    const intent = parseIntent(method, url);
    expect('attributes' in intent ? intent.attributes : undefined).toEqual(attributes);
  });

  test('of a call goes on to the agent as it is', () => {
    const pathOf = (rest: string): unknown =>
      (parseIntent('POST', `${base}/namespaces/a/taskagents/b/invoke${rest}`) as { path?: string }).path;
    expect(pathOf('')).toBe('/');
    expect(pathOf('?a=b')).toBe('/?a=b');
    expect(pathOf('/x/../y%2f?a=b')).toBe('/x/../y%2f?a=b');
  });

  test.each([
    ['DELETE', `${base}/namespaces/a/invocations/${id}`, 'METHOD_NOT_ALLOWED'],
    ['POST', `${base}/namespaces/a/invocations`, 'METHOD_NOT_ALLOWED'],
    ['GET', `${base}/namespaces/a/taskagents/b/invoke`, 'METHOD_NOT_ALLOWED'],
    ['POST', `${base}/namespaces/a/taskagents/b/logs`, 'METHOD_NOT_ALLOWED'],
    ['POST', `${base}/namespaces/a/daemonagents/b/invoke`, 'NOT_FOUND'],
    ['GET', `${base}/namespaces/a/invocations/${id}/status`, 'NOT_FOUND'],
    ['GET', `${base}/namespaces/A/invocations`, 'NOT_FOUND'],
    ['GET', `${base}/namespaces/a%2fb/invocations`, 'NOT_FOUND'],
    ['GET', `${base}/namespaces/../invocations`, 'NOT_FOUND'],
    ['GET', `${base}/namespaces//invocations`, 'NOT_FOUND'],
    ['GET', `${base}/namespaces/a/taskagents/b/logs/x`, 'NOT_FOUND'],
    ['GET', `${base}/namespaces/a/constructor/b/logs`, 'NOT_FOUND'],
    ['GET', '/apis/telemetryxclrk.apoxy.dev/v1alpha1/namespaces/a/invocations', 'NOT_FOUND'],
    ['GET', '/v1/namespaces/a/invocations', 'NOT_FOUND'],
    ['GET', `${base}/invocations?${'a'.repeat(20_000)}`, 'BAD_REQUEST'],
  ])('%s %s is refused', (method, url, code) => {
    expect(codeOf(() => parseIntent(method, url))).toBe(code);
  });

  test('that names a namespace asks for rights in that namespace, whatever else is in it', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'namespaces',
        'team-a',
        'team-b',
        'invocations',
        'taskagents',
        'logs',
        id,
        '..',
        '',
        '%2e',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.string(), (pieces, query) => {
        const url = `${base}/${pieces.join('/')}?${query}`;
        let intent;
        try {
          intent = parseIntent('GET', url);
        } catch (error) {
          expect(['NOT_FOUND', 'METHOD_NOT_ALLOWED']).toContain((error as { code: string }).code);
          return;
        }
        if (intent.what === 'document') return;
        const { namespace } = intent.attributes;
        expect(namespace).toBe('namespace' in intent ? intent.namespace : undefined);
        expect(
          url.startsWith(`${base}/${namespace === undefined ? 'invocations' : `namespaces/${namespace}/`}`),
        ).toBe(true);
      }),
    );
  });

  test('discovery tells of what paths know', () => {
    const { resources } = resourcesDocument as {
      resources: ReadonlyArray<{ name: string; verbs: readonly string[] }>;
    };
    expect(resources.map(({ name }) => name)).toEqual(served.map(({ name }) => name));
  });
});

describe('a selector', () => {
  test.each([
    ['status.phase=Running', '', { phases: ['Running'] }],
    [
      'status.phase!=Running,status.phase!=Succeeded',
      '',
      { phases: ['Pending', 'Dispatched', 'Failed', 'Timeout', 'Rejected'] },
    ],
    ['spec.parentRef.name==a\\,b', '', { agent: 'a,b' }],
    [`metadata.name=${id}`, '', { id }],
    ['metadata.name=other', '', { nothing: true }],
    ['metadata.namespace=a,metadata.namespace=b', '', { nothing: true }],
    ['status.phase=Running,status.phase=Failed', '', { nothing: true }],
    ['status.phase=Unheard', '', { nothing: true }],
    ['spec.parentRef.kind=DaemonAgent', '', { kinds: ['DaemonAgent'] }],
    ['', 'clrk.apoxy.dev/agent=x,clrk.apoxy.dev/agent-kind=TaskAgent', { agent: 'x', kinds: ['TaskAgent'] }],
    [
      'since=2026-01-01T00:00:00Z,until=2026-01-02T00:00:00+01:00',
      '',
      { sinceMs: 1767225600000, untilMs: 1767308400000 },
    ],
  ])('%s %s', (fields, labels, selection) => {
    expect(parseSelection(fields, labels)).toMatchObject(selection);
  });

  test.each([
    ['status.httpStatus=200', ''],
    ['metadata.labels.a=b', ''],
    ['metadata.name!=x', ''],
    ['status.phase', ''],
    ['status.phase>Running', ''],
    ['since=yesterday', ''],
    ['since!=2026-01-01T00:00:00Z', ''],
    [',', ''],
    ['', 'team'],
    ['', '!team'],
    ['', 'team in (a,b)'],
    ['', 'clrk.apoxy.dev/agent!=x'],
    ['a=b,'.repeat(2000), ''],
  ])('%s %s is refused, never passed over', (fields, labels) => {
    expect(codeOf(() => parseSelection(fields, labels))).toBe('BAD_REQUEST');
  });

  test('of any bytes is a selection or a refusal', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 }), (fields, labels) => {
        expect(['', 'BAD_REQUEST']).toContain(codeOf(() => parseSelection(fields, labels)));
      }),
    );
  });
});

describe('options', () => {
  const list = (query: string): unknown => parseListOptions(new URLSearchParams(query), now);
  const watch = (query: string): unknown => parseWatchOptions(new URLSearchParams(query), now);
  const version = String(idAtMs(now - 1000));

  test('of lists: pages have a bound, unknown parameters are refused', () => {
    expect(list('')).toMatchObject({ limit: 500 });
    expect(list('limit=100000')).toMatchObject({ limit: 500 });
    expect(list('limit=3&resourceVersion=0&timeout=32s')).toMatchObject({ limit: 3 });
    for (const query of [
      'limit=-1',
      'limit=x',
      'colour=red',
      'limit=1&limit=2',
      'continue=x',
      'resourceVersion=x',
      'resourceVersionMatch=Any',
    ]) {
      expect(codeOf(() => list(query))).toBe('BAD_REQUEST');
    }
    expect(codeOf(() => list(`resourceVersion=${version}&resourceVersionMatch=Exact`))).toBe(
      'RESUME_EXPIRED',
    );
    expect(codeOf(() => list(`resourceVersion=${String(idAtMs(now + 3600_000))}`))).toBe('RESUME_EXPIRED');
  });

  test('of watches: from a version of the last hour, or from what there is', () => {
    expect(watch(`resourceVersion=${version}`)).toMatchObject({ after: version });
    expect(watch('resourceVersion=0')).not.toHaveProperty('after');
    expect(watch('')).not.toHaveProperty('after');
    expect(codeOf(() => watch(`resourceVersion=${String(idAtMs(now - 2 * 3600_000))}`))).toBe(
      'RESUME_EXPIRED',
    );
    expect(codeOf(() => watch('sendInitialEvents=true'))).toBe('BAD_REQUEST');
    expect(watch('timeoutSeconds=9999999')).toMatchObject({ forMs: 3600_000 });
  });

  test('of forms: what kubectl asks for; protobuf alone is refused', () => {
    const table =
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';
    expect(parseAccept(table)).toBe('table');
    expect(parseAccept('application/vnd.kubernetes.protobuf, application/json')).toBe('object');
    expect(parseAccept('application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1')).toBe('metadata');
    expect(parseAccept(undefined)).toBe('object');
    expect(codeOf(() => parseAccept('application/vnd.kubernetes.protobuf'))).toBe('NOT_ACCEPTABLE');
  });
});
