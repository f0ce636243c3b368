/** Who may run here and as what: refusals in their order, and which revision while one takes over from another. */
import { describe, expect, test } from 'vitest';
import type { PoolConfig } from '../../../contract/index.ts';
import { admit, type AdmissionState } from '../../../worker/dispatch/admission.ts';
import { testAgent } from '../test-worker.ts';

const id = '11111111-1111-4111-8111-111111111111';
const revision = (name: string) => ({ name, image: `i/${name}`, env: [] });
const old = revision('a-00001');
const next = revision('a-00002');

function state(
  more: { revisions?: (typeof old)[]; serving?: string; here?: string[]; kind?: 'DaemonAgent' } = {},
): AdmissionState<string> {
  const { revisions = [next], serving = 'a-00002', here = ['a-00001', 'a-00002'], kind } = more;
  const agent = testAgent('a', '', {
    revisions,
    servingRevision: serving,
    gateways: [],
    ...(kind && { kind }),
  });
  return {
    config: { agents: [agent], gateways: [] } as unknown as PoolConfig,
    draining: false,
    capacity: 2,
    canRecord: true,
    running: 0,
    runningOf: () => 0,
    imageOf: (_namespace, { name }) => (here.includes(name) ? name : undefined),
  };
}

const ask = (asked?: string) => ({
  'x-clrk-agent': 'TaskAgent/default/a',
  'x-clrk-invocation-id': id,
  ...(asked === undefined ? {} : { 'x-clrk-revision': asked }),
});

describe('while one revision takes over from another', () => {
  test.each([
    ['the asked one', state({ revisions: [old, next] }), 'a-00001', 'a-00001'],
    ['nothing asked', state({ revisions: [old, next] }), undefined, 'a-00002'],
    ['the old one asked, gone from here', state(), 'a-00001', 'a-00002'],
    [
      'the new one asked, not known here yet',
      state({ revisions: [old], serving: 'a-00001' }),
      'a-00002',
      'a-00001',
    ],
    [
      'the new one asked, not pulled here yet',
      state({ revisions: [old, next], serving: 'a-00001', here: ['a-00001'] }),
      'a-00002',
      'a-00001',
    ],
    [
      'the old one asked, evicted here',
      state({ revisions: [old, next], here: ['a-00002'] }),
      'a-00001',
      'a-00002',
    ],
  ])('%s: one that can serve does', (_name, known, asked, expected) => {
    const admitted = admit(known, ask(asked));
    expect([admitted.revision.name, admitted.image]).toEqual([expected, expected]);
  });

  test.each([
    ['none is known', state({ revisions: [], serving: 'a-00002' }), 'NO_READY_REVISION'],
    ['none is pulled', state({ here: [] }), 'IMAGE_NOT_READY'],
  ])('%s: refused', (_name, known, code) => {
    expect(() => admit(known, ask('a-00001'))).toThrow(expect.objectContaining({ code }));
  });
});

describe('an agent', () => {
  test.each([
    ['its id', { 'x-clrk-agent': 'TaskAgent/default/a' }, true],
    ['its name, as an older ingress says it', { 'x-clrk-taskagent': 'default/a' }, true],
    ['the id of a namesake of another kind', { 'x-clrk-agent': 'DaemonAgent/default/a' }, false],
    ['another name', { 'x-clrk-agent': 'TaskAgent/default/b' }, false],
  ])('is found by %s', (_name, headers, found) => {
    const call = () => admit(state(), { 'x-clrk-invocation-id': id, ...headers });
    if (found) expect(call().agentId).toBe('TaskAgent/default/a');
    else expect(call).toThrow(expect.objectContaining({ code: 'AGENT_NOT_FOUND' }));
  });

  test('of a kind that takes no calls is not called', () => {
    const headers = { 'x-clrk-invocation-id': id, 'x-clrk-agent': 'DaemonAgent/default/a' };
    expect(() => admit(state({ kind: 'DaemonAgent' }), headers)).toThrow(
      expect.objectContaining({ code: 'AGENT_NOT_FOUND' }),
    );
  });

  test.each([
    ['no id', { 'x-clrk-agent': 'TaskAgent/default/a' }],
    ['an id that is none', { ...ask(), 'x-clrk-invocation-id': 'x' }],
    ['no agent', { 'x-clrk-invocation-id': id }],
  ])('a call with %s is refused', (_name, headers) => {
    expect(() => admit(state(), headers)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });

  test('over the worker’s or its own limit is refused', () => {
    expect(() => admit({ ...state(), running: 2 }, ask())).toThrow(
      expect.objectContaining({ code: 'AT_CAPACITY' }),
    );
    expect(() => admit({ ...state(), canRecord: false }, ask())).toThrow(
      expect.objectContaining({ code: 'RECORDS_UNAVAILABLE' }),
    );
    expect(() => admit({ ...state(), draining: true }, ask())).toThrow(
      expect.objectContaining({ code: 'WORKER_DRAINING' }),
    );
  });
});
