/** Real processes: restart with back-off, stop, and death with the supervisor. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  endProcess,
  identifyProcess,
  isAlive,
  type ProcessIdentity,
} from '../../../local/process-identity.ts';
import { SupervisedChild, type ChildSpec } from '../../../local/supervisor/child.ts';

let folder = '';
const children: SupervisedChild[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clrk-child-'));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop()));
  rmSync(folder, { recursive: true, force: true });
});

function supervised(
  script: string,
  change: Partial<ChildSpec> = {},
): { child: SupervisedChild; seen: ProcessIdentity[]; restarts: string[] } {
  const seen: ProcessIdentity[] = [];
  const restarts: string[] = [];
  const child = new SupervisedChild(
    {
      name: 'c',
      command: 'sh',
      args: ['-c', script],
      environment: { PATH: '/usr/bin:/bin' },
      cwd: folder,
      logFile: join(folder, 'c.log'),
      ready: () => Promise.resolve(true),
      stopGraceMs: 300,
      ...change,
    },
    {
      onIdentity: (_name, identity) => {
        if (identity !== undefined) seen.push(identity);
      },
      onRestart: (_name, exit) => restarts.push(exit),
    },
  );
  children.push(child);
  return { child, seen, restarts };
}
const signal = new AbortController().signal;

it('starts a killed child again', async () => {
  const { child, seen, restarts } = supervised('sleep 60');
  await child.start(5_000, signal);
  process.kill(seen[0]?.pid ?? 0, 'SIGKILL');
  await vi.waitFor(() => expect(seen).toHaveLength(2), 5_000);
  expect(restarts).toEqual(['SIGKILL']);
});

it('gives up on a child that dies three times before it is ready, and names its log', async () => {
  const { child } = supervised('echo broken; exit 4', { ready: () => Promise.resolve(false) });
  await expect(child.start(20_000, signal)).rejects.toMatchObject({
    code: 'CHILD_NOT_READY',
    hint: expect.stringContaining('c.log') as string,
  });
  expect(readFileSync(join(folder, 'c.log'), 'utf8')).toContain('broken');
});

it('stops a child that ignores TERM, and never starts it again', async () => {
  const { child, seen } = supervised("trap '' TERM; while :; do sleep 0.05; done");
  await child.start(5_000, signal);
  await child.stop();
  await child.stop();
  expect(seen.map(isAlive)).toEqual([false]);
  expect(child.running).toBe(false);
});

it('R1: children end when their supervisor is killed', async () => {
  const supervisor = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', '--', 'sh', '-c', 'setpriv --pdeathsig TERM -- sleep 60 & echo $!; wait'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const pid = await new Promise<number>((resolve) =>
    supervisor.stdout.once('data', (data: Buffer) => resolve(Number(data.toString()))),
  );
  const orphan = await vi.waitFor(() => {
    const identity = identifyProcess(pid);
    // Until it has become `sleep`, setpriv may not have asked for the signal yet.
    expect(readFileSync(`/proc/${pid}/comm`, 'utf8').trim()).toBe('sleep');
    return identity;
  }, 5_000);
  supervisor.kill('SIGKILL');
  await vi.waitFor(() => expect(orphan !== undefined && isAlive(orphan)).toBe(false), 5_000);
});

it('endProcess signals nobody who merely has the same pid', async () => {
  const self = identifyProcess(process.pid);
  expect(self).toBeDefined();
  await endProcess({ pid: process.pid, startTime: '1' }, 10);
  expect(self !== undefined && isAlive(self)).toBe(true);
});
