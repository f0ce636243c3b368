import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineProcess } from '../../telemetry/engine/engine-process.ts';
import { openTestStore, removeDirectory, temporaryDirectory, until } from './embedded.ts';

let directory: string;
beforeEach(() => (directory = temporaryDirectory()));
afterEach(() => removeDirectory(directory));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('R1: the engine does not outlive a parent that is killed', async () => {
  const parent = spawn(
    process.execPath,
    ['--import', 'tsx', join(import.meta.dirname, 'engine-parent.ts'), directory],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await until('the engine has ended', () => !isAlive(pid), 30_000);
  // And it let go of the data directory.
  const next = openTestStore(directory);
  expect(await next.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await next[Symbol.asyncDispose]();
});

test('an error of ClickHouse comes with its code; a value is never part of the statement', async () => {
  const store = openTestStore(directory);
  await expect(store.query('SELECT nothing')).rejects.toMatchObject({
    code: '47',
    type: 'UNKNOWN_IDENTIFIER',
  });
  const text = "'; DROP TABLE x; --\\\n";
  expect(await store.query('SELECT {text: String} AS text', { text })).toEqual([{ text }]);
  await store[Symbol.asyncDispose]();
});

test('an engine that cannot start fails its callers and is started again', async () => {
  const exits: string[] = [];
  const engine = new EngineProcess({
    directory,
    entry: join(import.meta.dirname, 'no-such-entry.mjs'),
    onExit: (reason) => exits.push(reason),
  });
  const call = engine.call({ op: 'query', sql: 'SELECT 1', params: {} });
  await expect(call).rejects.toMatchObject({ code: 'ENGINE_DOWN' });
  await until('it was tried again', () => exits.length >= 2);
  await engine.close();
  const { length } = exits;
  await expect(engine.call({ op: 'query', sql: 'SELECT 1', params: {} })).rejects.toMatchObject({
    code: 'ENGINE_DOWN',
  });
  expect(exits.length).toBe(length);
});
