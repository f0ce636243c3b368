/** Who sees whose records: RBAC of the real API server, through it and past it, both ways. */
import { randomUUID } from 'node:crypto';
import { request } from 'node:https';
import { beforeAll, describe, expect, test } from 'vitest';
import { createCa, issueLeaf } from '../../../pki/index.ts';
import { call, serviceAccount, useCluster } from './cluster-bed.ts';

const bed = useCluster();
const [ofA, ofB] = [randomUUID(), randomUUID()];
const base = '/apis/telemetry.clrk.apoxy.dev/v1alpha1';

interface Answer {
  readonly status: number;
  readonly body: { readonly reason?: string; readonly message?: string; readonly kind?: string };
}

/** Past the API server, straight to our port. */
async function direct(
  path: string,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
  certificate: { readonly cert?: string; readonly key?: string } = {},
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port: bed.port,
        path,
        headers: headers as Record<string, string | string[]>,
        servername: 'localhost',
        ca: bed.servingCa.certificatePem,
        agent: false,
        ...certificate,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answer['body'] }),
        );
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

function client(
  ca = bed.api.frontProxyCa,
  commonName = 'front-proxy-client',
  more: { usage?: 'server'; ttlMs?: number } = {},
) {
  const leaf = issueLeaf({ ca, commonName, dnsNames: [], ips: [], ttlMs: 60_000, usage: 'client', ...more });
  return { cert: leaf.certificatePem, key: leaf.privateKeyPem };
}

beforeAll(async () => {
  await bed.record(call('team-a', ofA, { phase: 'Succeeded' }), call('team-b', ofB, { phase: 'Succeeded' }));
}, 60_000);

describe('through the API server', () => {
  test('each sees his own namespace and nothing of the other', async () => {
    for (const [user, mine, ns, theirs, other] of [
      ['alice', ofA, 'team-a', ofB, 'team-b'],
      ['bob', ofB, 'team-b', ofA, 'team-a'],
    ] as const) {
      const own = await bed.kubectl(user, 'get', 'inv', '-n', ns, '-o', 'name');
      expect(own.stdout).toBe(`invocation.telemetry.clrk.apoxy.dev/${mine}\n`);
      const list = await bed.kubectl(user, 'get', 'inv', '-n', other);
      expect(list).toMatchObject({ code: 1, stdout: '' });
      expect(list.stderr).toContain(
        `User "${user}" cannot list resource "invocations" in API group "telemetry.clrk.apoxy.dev" in the namespace "${other}"`,
      );
      const one = await bed.kubectl(user, 'get', 'inv', theirs, '-n', other);
      expect(one.stderr).toContain('(Forbidden)');
      // What is not there is told as little as what is.
      const none = await bed.kubectl(user, 'get', 'inv', randomUUID(), '-n', other);
      expect(none.stderr).toContain('(Forbidden)');
      // Nor by the id of a call of the other namespace in his own, nor by a selector.
      const borrowed = await bed.kubectl(user, 'get', 'inv', theirs, '-n', ns);
      expect(borrowed.stderr).toContain('(NotFound)');
      const selected = await bed.kubectl(
        user,
        'get',
        'inv',
        '-n',
        ns,
        '--field-selector',
        `metadata.namespace=${other}`,
        '-o',
        'name',
      );
      expect(selected.stdout).toBe('');
      const watched = await bed.kubectl(user, 'get', 'inv', '-n', other, '-w');
      expect(watched.stderr).toContain('(Forbidden)');
    }
  });

  test('all namespaces need rights in all of them', async () => {
    expect((await bed.kubectl('alice', 'get', 'inv', '-A')).stderr).toContain('at the cluster scope');
    const all = await bed.kubectl('auditor', 'get', 'inv', '-A', '-o', 'name');
    expect(all.stdout.trim().split('\n').toSorted()).toEqual(
      [ofA, ofB].map((id) => `invocation.telemetry.clrk.apoxy.dev/${id}`).toSorted(),
    );
  });

  test('a page token of one namespace opens nothing in another', async () => {
    await bed.record(call('team-b', randomUUID(), { phase: 'Failed' }));
    const raw = async (
      user: string,
      path: string,
    ): Promise<{ items?: object[]; metadata?: { continue?: string } }> =>
      JSON.parse((await bed.kubectl(user, 'get', '--raw', `${base}${path}`)).stdout || '{}') as never;
    const page = await raw('bob', '/namespaces/team-b/invocations?limit=1');
    const token = page.metadata?.continue ?? '';
    expect(token).not.toBe('');
    const stolen = await raw('alice', `/namespaces/team-a/invocations?continue=${token}`);
    expect(JSON.stringify(stolen)).not.toContain('team-b');
  });

  test('logs, traces and calls are rights of their own', async () => {
    for (const part of ['logs', 'traces', 'invocations']) {
      const path = (ns: string): string => `${base}/namespaces/${ns}/taskagents/hello/${part}`;
      expect((await bed.kubectl('alice', 'get', '--raw', path('team-a'))).code).toBe(0);
      expect((await bed.kubectl('alice', 'get', '--raw', path('team-b'))).stderr).toContain('(Forbidden)');
    }
    const invoke = `${base}/namespaces/team-a/taskagents/hello/invoke`;
    const stdin = '{}';
    const refused = await bed.api.kubectl('alice', ['create', '--raw', invoke, '-f', '-'], { stdin });
    expect(refused.stderr).toContain('(Forbidden)');
  });

  test('view has them, as it has logs of pods', async () => {
    const roles = await bed.kubectl(
      'admin',
      'get',
      'clusterrole',
      'clrk-viewer',
      '-o',
      'jsonpath={.metadata.labels}',
    );
    expect(JSON.parse(roles.stdout)).toMatchObject({ 'rbac.authorization.k8s.io/aggregate-to-view': 'true' });
  });
});

describe('past the API server', () => {
  const path = `${base}/namespaces/team-a/invocations`;

  test('nobody without a name; headers of a stranger say nothing', async () => {
    const claimed = { 'x-remote-user': 'auditor', 'x-remote-group': 'system:masters' };
    expect(await direct(path)).toMatchObject({
      status: 401,
      body: { kind: 'Status', reason: 'Unauthorized' },
    });
    expect((await direct(path, claimed)).status).toBe(401);
    const strangers = createCa({ commonName: 'front-proxy-ca', years: 1 });
    expect((await direct(path, claimed, client(strangers))).status).toBe(401);
    expect((await direct(path, claimed, client(undefined, 'somebody-else'))).status).toBe(401);
    expect((await direct(path, claimed, client(undefined, undefined, { usage: 'server' }))).status).toBe(401);
    expect((await direct(path, claimed, client(undefined, undefined, { ttlMs: -1000 }))).status).toBe(401);
    expect((await direct(path, { ...claimed, authorization: 'Bearer wrong' })).status).toBe(401);
  });

  test('the front proxy names whom it likes, and he has his own rights alone', async () => {
    const as = (user: string, namespace: string): Promise<Answer> =>
      direct(
        `${base}/namespaces/${namespace}/invocations`,
        { 'x-remote-user': user, 'x-remote-group': ['people', 'system:authenticated'] },
        client(),
      );
    expect((await as('alice', 'team-a')).status).toBe(200);
    expect(await as('alice', 'team-b')).toMatchObject({ status: 403, body: { reason: 'Forbidden' } });
    expect((await as('nobody', 'team-a')).status).toBe(403);
  });

  test('a token is who the cluster says it is; the headers beside it are not read', async () => {
    const bearer = (user: string): Record<string, string> => ({
      authorization: `Bearer ${user}`,
      'x-remote-user': 'auditor',
    });
    expect((await direct(path, bearer('alice'))).status).toBe(200);
    expect((await direct(path, bearer('bob'))).status).toBe(403);
    expect((await direct(path, bearer(serviceAccount))).status).toBe(403);
    expect((await direct(path, bearer('unknown'))).status).toBe(401);
  });

  test('errors are Status objects', async () => {
    const bearer = { authorization: 'Bearer auditor' };
    expect(await direct(`${base}/nothing`, bearer)).toMatchObject({
      status: 404,
      body: { kind: 'Status', reason: 'NotFound' },
    });
    expect(await direct(`${path}?colour=red`, bearer)).toMatchObject({
      status: 400,
      body: { kind: 'Status', reason: 'BadRequest' },
    });
    expect(await direct(path, { ...bearer, accept: 'application/vnd.kubernetes.protobuf' })).toMatchObject({
      status: 406,
      body: { kind: 'Status' },
    });
    expect(await direct(`${path}?watch=1&resourceVersion=1`, bearer)).toMatchObject({
      status: 410,
      body: { kind: 'Status', reason: 'Expired' },
    });
  });
});
