/** Whose view of a Backend changes by what: one agent's calls, another's, another namespace's. */
import { expect, test } from 'vitest';
import { BackendHealth, type Place } from '../../../egress/fallback/backend-health.ts';

const clock = { now: 1_000 };
const place = (agentId: string, change: Partial<Place> = {}): Place => ({
  ...{ agentId, namespace: 'team', backend: 'main llm.example.com:443' },
  ...change,
});
const maxEjectionMs = 300_000;

function failing(health: BackendHealth, at: Place, isUnreachable: boolean, times = 5): void {
  for (let count = 0; count < times; count += 1) {
    health.called(at);
    health.ended(at, 'failed', { isUnreachable, maxEjectionMs });
  }
}

test('S54: what calls of an agent may have caused is held against the Backend in its own eyes alone', () => {
  const health = new BackendHealth(() => clock.now);
  failing(health, place('x'), false);
  expect(health.standingOf(place('x'))).not.toBe('in');
  expect(health.standingOf(place('y'))).toBe('in');
  health.asksToWait(place('z'), 60_000, maxEjectionMs);
  expect(health.standingOf(place('z'))).not.toBe('in');
  expect(health.standingOf(place('y'))).toBe('in');
});

test('a host that nobody can connect to is known to all of its namespace, and to no other', () => {
  const health = new BackendHealth(() => clock.now);
  failing(health, place('x'), true);
  expect(health.standingOf(place('y'))).not.toBe('in');
  expect(health.standingOf(place('y', { namespace: 'other' }))).toBe('in');
  expect(health.standingOf(place('y', { backend: 'main other.example.com:443' }))).toBe('in');
});

test('an agent that holds its probe for ever keeps it from itself alone', () => {
  const health = new BackendHealth(() => clock.now);
  failing(health, place('x'), true);
  clock.now += 30_000;
  health.called(place('x'));
  expect(health.standingOf(place('y'))).not.toBe('in');
  health.connected(place('x'), maxEjectionMs);
  expect(health.standingOf(place('y'))).toBe('in');
  expect(health.standingOf(place('x'))).not.toBe('in');
});

test('S54: an agent of ten thousands of ailing Backends loses its own, not what others know', () => {
  const health = new BackendHealth(() => clock.now);
  failing(health, place('y'), false);
  for (let count = 0; count < 12_000; count += 1) {
    failing(health, place('x', { backend: `b${count}` }), false, 1);
  }
  expect(health.standingOf(place('y'))).not.toBe('in');
});

test('S54: one agent’s second tries are not another’s', () => {
  const health = new BackendHealth(() => clock.now);
  let taken = 0;
  while (health.takeRetry('x', 'team/llm')) taken += 1;
  expect(taken).toBe(20);
  expect(health.takeRetry('y', 'team/llm')).toBe(true);
  expect(health.takeRetry('x', 'team/other')).toBe(true);
});
