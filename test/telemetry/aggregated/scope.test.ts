/** Whose records a list is about, and where it ends. */
import { describe, expect, test } from 'vitest';
import { agentKinds } from '../../../contract/index.ts';
import { listInvocations, maxListed, scopeOf } from '../../../telemetry/aggregated/invocation-list.ts';
import { parseListToken, renderListToken } from '../../../telemetry/read/page-token.ts';

const all = { kinds: agentKinds, phases: [] };

describe('a scope', () => {
  test('the namespace of the path wins over every selector', () => {
    expect(scopeOf('team-a', all)).toEqual({ namespace: 'team-a', kinds: agentKinds });
    expect(scopeOf('team-a', { ...all, namespace: 'team-b' })).toBeUndefined();
    expect(scopeOf(undefined, { ...all, namespace: 'team-b' })).toMatchObject({ namespace: 'team-b' });
    expect(scopeOf(undefined, all)).not.toHaveProperty('namespace');
    expect(scopeOf('team-a', { ...all, nothing: true })).toBeUndefined();
  });
});

describe('a list', () => {
  const call = {
    createdMs: 1_795_000_000_000,
    id: '0190a1b2-0000-4000-8000-000000000001',
    agent: 'TaskAgent/a',
  };

  test('ends at its bound and says that there is more, without a question to the store', async () => {
    const options = { selection: all, limit: 500, continue: { call, version: '7', listed: maxListed } };
    const store = { query: () => Promise.reject(new Error('asked')) };
    expect(await listInvocations(store, 'team-a', options)).toEqual({ calls: [], version: '7', isCut: true });
  });

  test('goes on where its token says; what is no token is refused', () => {
    const position = { call, version: '123', listed: 500 };
    expect(parseListToken(renderListToken(position))).toEqual(position);
    for (const token of ['', 'x', Buffer.from('["l","x","1","1"]').toString('base64url'), 'a'.repeat(2000)]) {
      expect(() => parseListToken(token)).toThrow(/continue/);
    }
  });
});
