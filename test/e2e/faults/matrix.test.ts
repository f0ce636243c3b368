/**
 * R1: process × step. Each process of the platform is killed with SIGKILL at each step of a call. Whatever is killed when: the caller
 * is told nothing that is not so, the call has one record with one end, and was run once. What was seen stands in docs/reliability,
 * from which docs/reliability.md is made (`npm run faults` writes both anew).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { format } from 'prettier';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { isTerminal } from '../../../contract/index.ts';
import { comesBack, isGone, isThere, kill } from '../platform-process.ts';
import { agent, Scene } from './scene.ts';
import { processes, reach, steps, type ProcessName, type Step } from './step.ts';
import { WatchedCall } from './watched-call.ts';

interface Cell {
  readonly process: ProcessName;
  readonly step: Step;
  readonly id: string;
  readonly caller: string;
}

let scene: Scene;
const cells: Cell[] = [];

beforeAll(async () => {
  scene = await Scene.open();
}, 300_000);
afterAll(() => scene[Symbol.asyncDispose]());

/** Of the slowest: an endpoint is ready again when an API server that was killed has caught up. */
const recoveryMs = 150_000;

/** As a patient caller: until one call goes well. */
async function recovers(): Promise<void> {
  const seen: string[] = [];
  const end = Date.now() + recoveryMs;
  while (Date.now() < end) {
    const outcome = await new WatchedCall(scene.platform, agent, crypto.randomUUID()).outcome;
    if (outcome === '200, whole') return;
    seen.push(outcome);
    await delay(100);
  }
  throw new Error(`no recovery: ${seen.slice(-5).join('; ')}`);
}

function wordOf({ phase, reason }: { readonly phase: string; readonly reason?: string }): string {
  return reason === undefined ? phase : `${phase}, ${reason}`;
}

/** `CLRK_FAULTS="ingress,worker"` kills these alone. */
const only = process.env['CLRK_FAULTS']?.split(',');
const names = (Object.keys(processes) as ProcessName[]).filter((name) => only?.includes(name) ?? true);

// Step by step, not process by process: what dies again and again is started later and later.
describe.each(steps)('R1: when a call is %s, the death of', (step) => {
  test.each(names)(
    '%s',
    async (name) => {
      const { call, letGo } = await reach[step](scene);
      await isThere(scene.platform, processes[name]);
      const killed = kill(scene.platform, processes[name]);
      // What it held open is closed by then: who waits for it can know.
      await isGone(killed);
      letGo();
      const caller = await call.outcome;
      scene.provider.setFault(undefined);
      await comesBack(scene.platform, processes[name], killed);
      await recovers();
      cells.push({ process: name, step, id: call.id, caller });
    },
    300_000,
  );
});

test('R1: every call has one record, of one end, that is what its caller was told', async () => {
  const records = await vi.waitFor(
    async () => {
      const found = await scene.platform.invocations(agent);
      const open = found.filter(({ status }) => !isTerminal(status.phase));
      expect(open.map(({ metadata }) => metadata.name)).toEqual([]);
      const missing = cells.filter(({ id }) => !found.some(({ metadata }) => metadata.name === id));
      expect(missing).toEqual([]);
      return found;
    },
    { timeout: 150_000, interval: 2_000 },
  );
  const ends = await scene.platform.terminalEvents(agent);
  expect([...ends].filter(([, count]) => count !== 1)).toEqual([]);
  const rows = cells.map(({ id, ...cell }) => {
    const record = records.filter(({ metadata }) => metadata.name === id).map(({ status }) => wordOf(status));
    return { ...cell, record: record.join(' and '), asked: scene.asked(id).length };
  });
  // Nobody is told that all went well where the record does not say so, and nothing was run twice.
  expect(rows.filter(({ caller, record }) => caller === '200, whole' && record !== 'Succeeded')).toEqual([]);
  // An ingress that dies takes with it who could tell whether the caller had the end.
  const untold = rows.filter(({ caller, record }) => caller !== '200, whole' && !record.startsWith('Failed'));
  expect(untold.filter(({ process }) => process !== 'ingress')).toEqual([]);
  expect(rows.filter(({ asked }) => asked > 2)).toEqual([]);
  // A run of some of them is no matrix.
  if (only !== undefined) return;
  const text = await format(JSON.stringify(rows), { parser: 'json', printWidth: 110 });
  await expect(text).toMatchFileSnapshot('../../../docs/reliability/matrix.json');
}, 240_000);
