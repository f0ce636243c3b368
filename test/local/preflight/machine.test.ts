import { expect, it } from 'vitest';
import { renderError } from '../../../contract/index.ts';
import { requireKernelFeatures } from '../../../local/preflight/kernel.ts';
import {
  judgeMachine,
  judgeRunner,
  type MachineFacts,
  type Runner,
} from '../../../local/preflight/machine.ts';

const good: MachineFacts & Runner = { platform: 'linux', uid: 0, freeBytes: 1e12, missingCommands: [] };

function judge(facts: MachineFacts & Runner): void {
  judgeRunner(facts);
  judgeMachine(facts, '/home');
}

it.each<[string, Partial<MachineFacts & Runner>, string]>([
  ['NOT_LINUX', { platform: 'darwin' }, 'darwin'],
  ['NOT_ROOT', { uid: 1000 }, 'sudo -E'],
  ['COMMAND_MISSING', { missingCommands: ['nft'] }, 'apt-get install'],
  ['DISK_FULL', { freeBytes: 10 * 1024 ** 2 }, '10 MiB'],
])('says %s and what to do, in three lines at most', (code, change, text) => {
  let thrown: unknown;
  try {
    judge({ ...good, ...change });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code });
  expect(renderError(thrown)).toContain(text);
  expect(renderError(thrown).split('\n').length).toBeLessThanOrEqual(3);
});

it('accepts a good machine, and tries this one’s kernel', async () => {
  expect(() => judge(good)).not.toThrow();
  await requireKernelFeatures();
});
