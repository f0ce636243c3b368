/** Processes of a pod as a conversation: who is given what, when one is started anew, and what is said of all. Time is the test's. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { GatewayConfig } from '../../../contract/index.ts';
import { CrewFigures } from '../../../egress/processes/crew-figures.ts';
import { Crew } from '../../../egress/processes/crew.ts';
import type { FromMember, MemberState, ToMember } from '../../../egress/processes/message.ts';
import { OwnDoor } from '../../../egress/session/door.ts';

class Child {
  readonly told: ToMember[] = [];
  readonly handles: string[] = [];
  isKilled = false;
  readonly say: (message: FromMember) => void;
  readonly end: (how: string) => void;

  constructor(say: (message: FromMember) => void, end: (how: string) => void) {
    this.say = say;
    this.end = end;
  }

  stand(state: Partial<MemberState>): void {
    this.say({ kind: 'state', state: { digest: '', policyDigest: '', ...state } });
  }

  get configs(): readonly string[] {
    return this.told.flatMap((each) => (each.kind === 'config' ? each.config.digest : []));
  }
}

const config = (digest: string): GatewayConfig => ({ digest }) as GatewayConfig;
const claim = (nonce: string, name = 'a') => ({
  ...{ pool: 'ns/p', nonce, issuedAt: 0, agentKind: 'TaskAgent', namespace: 'ns', name },
});
let now = 0;
let children: Child[] = [];
let died: string[] = [];
let crew: Crew<string>;

beforeEach(() => {
  now = 0;
  children = [];
  died = [];
  crew = new Crew<string>({
    size: 2,
    now: () => now,
    door: new OwnDoor(() => now),
    figures: new CrewFigures(),
    start: (_, hear, ended) => {
      const child = new Child(hear, ended);
      children.push(child);
      return {
        send: (message, handle) => {
          child.told.push(message);
          if (handle !== undefined) child.handles.push(handle);
        },
        kill: () => (child.isKilled = true),
      };
    },
    onChanged: () => undefined,
    onDied: (number, how) => died.push(`${number} ${how}`),
  });
  crew.tick();
});

function child(index: number): Child {
  const found = children[index];
  if (found === undefined) throw new Error(`no child ${index}`);
  return found;
}

function serve(...indexes: readonly number[]): void {
  for (const index of indexes) child(index).stand({ digest: 'd1', policyDigest: 'p1' });
}

function after(ms: number): void {
  now += ms;
  for (const each of children) each.stand({});
  crew.tick();
}

describe('connections', () => {
  test('nobody is given one before it serves', () => {
    expect(crew.take('a')).toBe(false);
    child(0).stand({ notReady: 'no config in use yet' });
    expect(crew.take('a')).toBe(false);
    expect(crew.notReady()).toBe('no config in use yet');
    serve(1);
    expect([crew.take('a'), crew.take('b')]).toEqual([true, true]);
    expect(child(1).handles).toEqual(['a', 'b']);
    expect(crew.notReady()).toBeUndefined();
  });

  test('who has the fewest gets the next', () => {
    serve(0, 1);
    for (const handle of ['a', 'b', 'c', 'd']) crew.take(handle);
    expect(children.map(({ handles }) => handles.length)).toEqual([2, 2]);
    child(1).say({ kind: 'closed', count: 2 });
    expect(crew.connections).toBe(2);
    for (const handle of ['e', 'f']) crew.take(handle);
    expect(child(1).handles.slice(2)).toEqual(['e', 'f']);
  });

  test('those of a process that died count no more', () => {
    serve(0, 1);
    for (const handle of ['a', 'b', 'c', 'd']) crew.take(handle);
    child(0).end('SIGKILL');
    expect(crew.connections).toBe(2);
    expect(crew.take('e')).toBe(true);
    expect(child(1).handles).toContain('e');
  });
});

describe('the door', () => {
  const enter = (index: number, id: number, nonce: string, name?: string): string => {
    const frame = { ...claim(nonce, name), agentKind: 'TaskAgent' as const };
    child(index).say({ kind: 'enter', id, claim: frame });
    const answer = child(index).told.findLast((each) => each.kind === 'entry');
    expect(answer).toMatchObject({ id });
    return answer?.kind === 'entry' ? answer.entry.kind : '';
  };

  test('S13: a frame is let in once, also when who let it in has died', () => {
    serve(0, 1);
    expect(enter(0, 1, 'n')).toBe('entered');
    expect(enter(1, 1, 'n')).toBe('refused');
    child(0).end('SIGKILL');
    expect(enter(1, 2, 'n')).toBe('refused');
  });

  test('S54: places of an agent are counted over all, and are free when their process has died or given them back', () => {
    serve(0, 1);
    const share = 512;
    for (let id = 0; id < share; id += 1) expect(enter(id % 2, id, `n${id}`)).toBe('entered');
    expect(enter(0, share, 'one more')).toBe('full');
    expect(enter(1, share, 'another')).toBe('full');
    expect(enter(1, share + 1, 'of another agent', 'b')).toBe('entered');
    child(1).say({ kind: 'leave', id: 1 });
    child(1).say({ kind: 'leave', id: 1 });
    expect(enter(0, share + 2, 'in its place')).toBe('entered');
    expect(enter(0, share + 3, 'twice')).toBe('full');
    child(1).end('SIGKILL');
    for (let id = 1; id < share / 2; id += 1) expect(enter(0, 2 * share + id, `m${id}`)).toBe('entered');
    expect(enter(0, 9_999, 'too many')).toBe('full');
  });
});

describe('configs', () => {
  test('each is told once, who comes later too', () => {
    crew.use(config('d1'));
    expect(child(0).configs).toEqual([]);
    child(0).stand({});
    child(0).stand({});
    expect(child(0).configs).toEqual(['d1']);
    crew.use(config('d2'));
    child(1).stand({});
    expect(children.map(({ configs }) => configs)).toEqual([['d1', 'd2'], ['d2']]);
  });

  test('S36: one is in force when all that serve decide by it', () => {
    expect(crew.inForce).toBeUndefined();
    serve(0);
    expect(crew.inForce).toMatchObject({ digest: 'd1' });
    serve(1);
    child(0).stand({ digest: 'd2', policyDigest: 'p2' });
    expect(crew.inForce).toMatchObject({ digest: 'd1', policyDigest: 'p1' });
    child(1).stand({ digest: 'd2', policyDigest: 'p2' });
    expect(crew.inForce).toMatchObject({ digest: 'd2', policyDigest: 'p2' });
  });
});

describe('who dies', () => {
  test('is started anew, later each time it does not live', () => {
    child(0).end('exit 1');
    expect(died).toEqual(['1 exit 1']);
    const waits: number[] = [];
    for (let turn = 0; turn < 9; turn += 1) {
      const before = children.length;
      const since = now;
      while (children.length === before) after(100);
      waits.push(now - since);
      child(before).end('exit 1');
    }
    expect(waits).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]);
    // Who lived for a minute did not die of its start.
    while (children.length < 12) after(100);
    after(60_000);
    child(11).end('exit 1');
    after(200);
    expect(children).toHaveLength(13);
  });

  test('and says nothing for half a minute is killed', () => {
    serve(0, 1);
    now += 29_999;
    child(1).stand({ digest: 'd1' });
    crew.tick();
    expect(child(0).isKilled).toBe(false);
    now += 1;
    crew.tick();
    expect(children.map(({ isKilled }) => isKilled)).toEqual([true, false]);
  });

  test('of those told to end none is started again, and the end is when the last has gone', async () => {
    serve(0, 1);
    let isOver = false;
    const over = crew.stop(false).then(() => (isOver = true));
    expect(children.map(({ told }) => told.at(-1)?.kind)).toEqual(['stop', 'stop']);
    child(0).end('exit 0');
    after(60_000);
    expect([children.length, isOver, died]).toEqual([2, false, []]);
    child(1).end('exit 0');
    await over;
    expect(isOver).toBe(true);
  });
});
