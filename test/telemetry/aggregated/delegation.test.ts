/** Who is believed and how long an answer serves: over words of the API server that a test writes. */
import { describe, expect, test } from 'vitest';
import type { KubeAnswer, KubeCall, KubeCaller } from '../../../process/index.ts';
import { Delegation } from '../../../telemetry/aggregated/delegation.ts';
import { KeptAnswers } from '../../../telemetry/aggregated/kept-answer.ts';
import {
  parseRequestHeaderConfig,
  userOfFrontProxy,
  type User,
} from '../../../telemetry/aggregated/request-header.ts';
import { WatcherShare } from '../../../telemetry/read/watcher-share.ts';
import { createCa } from '../../../pki/index.ts';

const data = {
  'requestheader-client-ca-file': createCa({ commonName: 'ca', years: 1 }).certificatePem,
  'requestheader-allowed-names': '["front-proxy-client"]',
  'requestheader-username-headers': '["X-Remote-User"]',
  'requestheader-group-headers': '["X-Remote-Group"]',
  'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
  'requestheader-uid-headers': '["X-Remote-Uid"]',
};
const peer = { isVerified: true, commonName: 'front-proxy-client' };

describe('the front proxy', () => {
  test('names user, uid, groups and extras', () => {
    const headers = {
      'x-remote-user': ['ann'],
      'x-remote-uid': ['u-1'],
      'x-remote-group': ['a', 'b'],
      'x-remote-extra-scopes': ['one', 'two'],
      'x-remote-extra-example.com%2fnode': ['n'],
      'x-other': ['x'],
    };
    expect(userOfFrontProxy(parseRequestHeaderConfig(data), peer, headers)).toEqual({
      name: 'ann',
      uid: 'u-1',
      groups: ['a', 'b'],
      extra: { scopes: ['one', 'two'], 'example.com/node': ['n'] },
    });
  });

  test.each([
    ['not verified', data, { ...peer, isVerified: false }, { 'x-remote-user': ['ann'] }],
    ['another name', data, { ...peer, commonName: 'kubelet' }, { 'x-remote-user': ['ann'] }],
    ['no user', data, peer, { 'x-remote-group': ['system:masters'] }],
    ['no CA', { ...data, 'requestheader-client-ca-file': '' }, peer, { 'x-remote-user': ['ann'] }],
    [
      'names that cannot be read',
      { ...data, 'requestheader-allowed-names': '{"a' },
      { ...peer, commonName: 'x' },
      { 'x-remote-user': ['ann'] },
    ],
    [
      'names of another shape',
      { ...data, 'requestheader-allowed-names': '[1]' },
      { ...peer, commonName: 'x' },
      { 'x-remote-user': ['ann'] },
    ],
    ['no certificate', data, undefined, { 'x-remote-user': ['ann'] }],
  ])('%s: nobody', (_, given, from, headers) => {
    expect(userOfFrontProxy(parseRequestHeaderConfig(given), from, headers)).toBeUndefined();
  });

  test('no names: whoever the CA signed', () => {
    const config = parseRequestHeaderConfig({ ...data, 'requestheader-allowed-names': '[]' });
    expect(userOfFrontProxy(config, { ...peer, commonName: 'any' }, { 'x-remote-user': ['ann'] })?.name).toBe(
      'ann',
    );
  });
});

class Server {
  now = 0;
  readonly asked: KubeCall[] = [];
  answer: KubeAnswer = { status: 201, body: { status: { allowed: true } } };
  readonly call = (call: KubeCall): Promise<KubeAnswer> => {
    this.asked.push(call);
    return Promise.resolve(this.answer);
  };
  readonly delegation = new Delegation(this.call, () => this.now);
}

const ann: User = { name: 'ann', groups: ['a'], extra: {} };
const list = { verb: 'list', resource: 'invocations', namespace: 'team-a' } as const;

describe('an answer', () => {
  test('serves the very same question alone, and for seconds', async () => {
    const server = new Server();
    const { delegation } = server;
    const questions = [
      [ann, list],
      [{ ...ann, name: 'bob' }, list],
      [{ ...ann, groups: ['a', 'b'] }, list],
      [{ ...ann, uid: '1' }, list],
      [{ ...ann, extra: { scopes: ['x'] } }, list],
      [ann, { ...list, namespace: 'team-b' }],
      [ann, { ...list, verb: 'watch' }],
      [ann, { ...list, name: 'x' }],
      [ann, { verb: 'get', resource: 'taskagents', subresource: 'logs', namespace: 'team-a' }],
      [ann, { verb: 'list', resource: 'invocations' }],
    ] as const;
    for (const [user, attributes] of questions) await delegation.access(user, attributes);
    expect(server.asked).toHaveLength(questions.length);
    for (const [user, attributes] of questions) await delegation.access(user, attributes);
    expect(server.asked).toHaveLength(questions.length);
    server.now = 10_001;
    await delegation.access(ann, list);
    expect(server.asked).toHaveLength(questions.length + 1);
  });

  test('that refuses is asked for again sooner; one that cannot be had is none', async () => {
    const server = new Server();
    server.answer = { status: 201, body: { status: { allowed: true, denied: true, reason: 'no' } } };
    expect(await server.delegation.access(ann, list)).toEqual({ allowed: false, reason: 'no' });
    server.now = 2_001;
    server.answer = { status: 500, body: {} };
    await expect(server.delegation.access(ann, list)).rejects.toThrow();
    server.answer = { status: 201, body: { status: { allowed: 'true' } } };
    expect((await server.delegation.access(ann, list)).allowed).toBe(false);
  });

  test('about a token is a user or nobody', async () => {
    const server = new Server();
    server.answer = {
      status: 201,
      body: { status: { authenticated: true, user: { username: 'ann', groups: ['g', 1] } } },
    };
    expect(await server.delegation.userOfToken('t')).toEqual({ name: 'ann', groups: ['g'], extra: {} });
    for (const status of [
      { authenticated: false, user: { username: 'ann' } },
      { user: { username: 'ann' } },
      { authenticated: true },
    ]) {
      const other = new Server();
      other.answer = { status: 201, body: { status } };
      expect(await other.delegation.userOfToken('t')).toBeUndefined();
    }
    expect(await server.delegation.userOfToken('x'.repeat(20_000))).toBeUndefined();
    expect(server.asked).toHaveLength(1);
  });

  test('about strangers’ tokens are so many at once; about users who are known, not bounded by them', async () => {
    let asked = 0;
    const never: KubeCaller = ({ path }) => {
      if (!path.endsWith('tokenreviews')) {
        return Promise.resolve({ status: 201, body: { status: { allowed: true } } });
      }
      asked += 1;
      return new Promise(() => undefined);
    };
    const delegation = new Delegation(never, () => 0);
    const tokens = Array.from({ length: 200 }, (_, index) => delegation.userOfToken(`t${index}`));
    await expect(tokens.at(-1)).rejects.toThrow(/too many tokens/);
    for (const token of tokens) void token.catch(() => undefined);
    expect(asked).toBe(64);
    expect((await delegation.access(ann, list)).allowed).toBe(true);
  });

  test('is one of a bounded number; the same question at once is asked once', async () => {
    const kept = new KeptAnswers<number>({ max: 3, keptMs: () => 1000, now: () => 0 });
    let asked = 0;
    const ask = (): Promise<number> => Promise.resolve(++asked);
    await Promise.all([kept.answer('a', ask), kept.answer('a', ask)]);
    expect(asked).toBe(1);
    for (const question of ['b', 'c', 'd', 'e']) await kept.answer(question, ask);
    expect(kept.size).toBe(3);
  });
});

test('watchers have a share: of one user so many, of a namespace’s users, in all, and it comes back', () => {
  const share = new WatcherShare({ inAll: 4, ofUser: 2, ofNamespace: 3 }, 'watch or follow');
  const take = (user: string, namespace = 'a'): Disposable => share.take({ user, namespace });
  const taken = [take('ann'), take('ann')];
  expect(() => take('ann')).toThrow(/one user/);
  taken.push(take('bob'));
  // Another ServiceAccount of the same namespace.
  expect(() => take('carl')).toThrow(/users of one namespace/);
  expect(() => take('carl', 'b')).not.toThrow();
  expect(() => share.take({ user: 'dora' })).toThrow(/all users may watch or follow 4 times/);
  taken[0]?.[Symbol.dispose]();
  expect(() => take('carl')).not.toThrow();
});
