/** A bundle for somebody else: secrets are planted wherever a person could have written one, and searched for. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { kinds } from '../../../api/index.ts';
import { Redaction } from '../../../cli/support/redaction.ts';
import { json, StandInServer, status } from '../stand-in-server.ts';

const server = new StandInServer();
const folder = mkdtempSync(join(tmpdir(), 'clrk-support-'));
const root = '/apis/clrk.apoxy.dev/v1alpha1/namespaces/team';
const list = (...items: readonly object[]) => json({ kind: 'List', metadata: {}, items });
/** Each in a place of its own; some look like keys, most like words. */
const planted: string[] = [];
const plant = (text: string): string => {
  planted.push(text);
  return text;
};
const openAi = ['sk', 'proj', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4'].join('-');

const agent = {
  metadata: {
    name: 'hello',
    namespace: 'team',
    creationTimestamp: '2026-11-22T10:00:00Z',
    labels: {
      'clrk.apoxy.dev/agent': 'hello',
      'app.kubernetes.io/managed-by': 'clrk-operator',
      password: plant('hunter2-label'),
    },
    annotations: {
      'kubectl.kubernetes.io/last-applied-configuration': plant('{"annotated":"hunter2-applied"}'),
    },
    managedFields: [
      { manager: plant('managed-secret'), time: '2026-11-22T10:00:00Z' },
      { manager: 'clrk-operator', time: '2026-11-22T10:00:01Z' },
    ],
  },
  spec: {
    workerPoolRef: 'main',
    egressRefs: [{ gatewayRef: 'main' }],
    timeout: '30s',
    template: {
      spec: {
        image: 'registry.example/x:1',
        command: [plant('run-with-secret'), '--token'],
        args: [plant('plain-password-in-args')],
        env: [
          { name: 'OPENAI_API_KEY', value: plant(openAi) },
          { name: 'GREETING', value: plant('correct horse battery') },
        ],
      },
    },
  },
  status: {
    conditions: [
      {
        ...{ type: 'Ready', status: 'False', reason: 'Broken' },
        message: `cannot use "plain-password-in-args" of ${openAi}, nor battery-less hunter2-label`,
      },
    ],
  },
};
const gateway = {
  metadata: { name: 'main', namespace: 'team' },
  spec: {
    otlp: {
      endpoint: plant('https://user:pa55word@otel.example/v1'),
      headers: [{ name: 'x-key', value: plant('header-secret-9') }],
    },
    rules: [{ denyResponse: { message: plant('call the boss at 555-0199').length > 0 ? 'x' : '' } }],
  },
};
const backend = {
  metadata: { name: 'b', namespace: 'team' },
  spec: { path: plant('/hooks/T0AB/very-secret-hook') },
};
const event = {
  metadata: { name: 'hello.1', namespace: 'team', creationTimestamp: '2026-11-23T10:00:00Z' },
  regarding: { apiVersion: 'clrk.apoxy.dev/v1alpha1', kind: 'TaskAgent', name: 'hello' },
  ...{ type: 'Warning', reason: 'Broken', note: `header-secret-9 was refused, key=${openAi}` },
};
const pod = {
  metadata: {
    name: 'clrk-operator-1',
    namespace: 'clrk-system',
    annotations: { x: plant('pod-annotation-secret') },
  },
  spec: { nodeName: 'n1', containers: [{ name: 'c', env: [{ name: 'X', value: plant('pod-env-secret') }] }] },
  status: {
    phase: 'Running',
    containerStatuses: [
      {
        ...{ name: 'c', ready: false, restartCount: 4, image: 'clrk:1' },
        state: { waiting: { reason: 'CrashLoopBackOff', message: plant('waiting-message-secret') } },
        lastState: { terminated: { reason: 'Error', exitCode: 1, message: plant('panic: dsn=secret') } },
      },
    ],
  },
};

beforeAll(() => server.start());
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  server.reset();
  for (const { plural } of kinds) server.on(`GET ${root}/${plural}`, list());
  server.on(`GET ${root}/taskagents`, list(agent));
  server.on(`GET ${root}/egressgateways`, list(gateway));
  server.on(`GET ${root}/backends`, list(backend));
  server.on('GET /apis/events.k8s.io/v1/namespaces/team/events', list(event));
  server.on('GET /version', json({ gitVersion: 'v1.34.2' }));
  for (const namespace of ['clrk-system', 'team']) {
    for (const plural of ['deployments', 'statefulsets'])
      server.on(`GET /apis/apps/v1/namespaces/${namespace}/${plural}`, list());
    server.on(`GET /api/v1/namespaces/${namespace}/pods`, list(...(namespace === 'team' ? [] : [pod])));
  }
  server.on('GET /api/v1/namespaces/clrk-system/services/clrk-telemetry', json({}));
});

describe('clrk support dump', () => {
  test('holds how things stand and nothing of what was planted', async () => {
    const file = join(folder, 'bundle.json');
    const ran = await server.run(['support', 'dump', '--file', file]);
    expect(ran).toMatchObject({ code: 0, stdout: `${file}\n` });
    const text = readFileSync(file, 'utf8');
    expect(planted.length).toBeGreaterThan(12);
    const words = planted.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
    expect(words.filter((secret) => text.includes(secret))).toEqual([]);
    expect(text).not.toContain('pa55word');
    expect(text).not.toContain('hunter2');
    expect(JSON.parse(text)).toMatchObject({
      ...{ kind: 'SupportBundle', server: 'v1.34.2', namespace: 'team' },
      objects: expect.arrayContaining([
        expect.objectContaining({
          kind: 'TaskAgent',
          metadata: expect.objectContaining({
            creationTimestamp: '2026-11-22T10:00:00Z',
            labels: expect.objectContaining({ 'app.kubernetes.io/managed-by': 'clrk-operator' }) as object,
          }) as object,
          spec: expect.objectContaining({
            workerPoolRef: 'main',
            egressRefs: [{ gatewayRef: 'main' }],
            timeout: '30s',
          }) as object,
        }),
      ]) as object,
      pods: [{ phase: 'Running', containers: [{ restartCount: 4, state: { reason: 'CrashLoopBackOff' } }] }],
      events: [{ reason: 'Broken', regarding: { kind: 'TaskAgent', name: 'hello' } }],
    });
    expect(text).toContain('registry.example/x:1');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('asks for no Secret, no ConfigMap and no log', async () => {
    await server.run(['support', 'dump', '--file', '-']);
    expect(server.received.filter(({ path }) => /\/(?:secrets|configmaps|log)(?:\/|$)/.test(path))).toEqual(
      [],
    );
    expect(new Set(server.received.map(({ method }) => method))).toEqual(new Set(['GET']));
  });

  test('names what it may not read, and goes on', async () => {
    server.on(`GET ${root}/taskagents`, status(403, 'taskagents is forbidden'));
    const { code, stdout } = await server.run(['support', 'dump', '--file', '-']);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { unseen: string[] }).unseen.join()).toContain('taskagents');
  });

  test('writes over nothing', async () => {
    const file = join(folder, 'there.json');
    expect((await server.run(['support', 'dump', '--file', file])).code).toBe(0);
    const again = await server.run(['support', 'dump', '--file', file]);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain('--file');
  });
});

describe('redaction', () => {
  test('whatever stands in a member that is not known stays inside; messages do not tell it either', () => {
    const member = fc.constantFrom('value', 'args', 'headers', 'anything', 'token', 'path');
    const secret = fc.stringMatching(/^[A-Za-z0-9._+*()$-]{8,40}$/);
    fc.assert(
      fc.property(member, secret, fc.nat(3), (name, text, depth) => {
        const inner: object = { [name]: [text] };
        const spec = Array.from({ length: depth }).reduce<object>((value) => ({ rules: [value] }), inner);
        const object = { spec, status: { conditions: [{ message: `refused: ${text}.` }] } };
        const redaction = new Redaction();
        redaction.learn(object);
        const shown = JSON.stringify(redaction.redact(object));
        expect(shown).not.toContain(text);
      }),
    );
  });
});
