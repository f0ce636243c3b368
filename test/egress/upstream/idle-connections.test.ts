import { expect, test } from 'vitest';
import { IdleConnections, maxIdleTargets } from '../../../egress/upstream/idle-connections.ts';

class Idle {
  usable = true;
  idleSince = 0;
  abort(): void {
    this.usable = false;
  }
}

test('S54: an agent of thousands of targets loses its own idle connections, another keeps its one', () => {
  const idle = new IdleConnections<Idle>(() => 0);
  const honest = new Idle();
  idle.keep('honest', 'honest a.example.com', honest);
  const hostile = Array.from({ length: 3 * maxIdleTargets }, () => new Idle());
  for (const [index, connection] of hostile.entries()) idle.keep('hostile', `hostile ${index}`, connection);
  expect(hostile.filter(({ usable }) => usable).length).toBeLessThan(maxIdleTargets);
  expect(idle.take('honest a.example.com')).toBe(honest);
});

test('what waits too long or is dead is closed, and nothing is lent twice', () => {
  let now = 0;
  const idle = new IdleConnections<Idle>(() => now);
  const [old, dead, fresh] = [new Idle(), new Idle(), new Idle()];
  idle.keep('a', 't', old);
  now = 3_000;
  idle.keep('a', 't', dead);
  idle.keep('a', 't', fresh);
  dead.usable = false;
  now = 4_500;
  idle.sweep();
  expect(old.usable).toBe(false);
  expect([idle.take('t'), idle.take('t')]).toEqual([fresh, undefined]);
  idle.sweep();
  expect(idle.empty).toBe(true);
});
