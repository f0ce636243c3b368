/** What nothing caught, in a process of its own. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const module = fileURLToPath(new URL('../../process/last-resort.ts', import.meta.url));

test.each([
  ['an exception', `setImmediate(() => { throw new Error('secret-value'); });`],
  ['a rejection', `void Promise.reject(new Error('secret-value'));`],
])(
  'S29: %s that nothing caught is told, counted, drained and then ends the process with 1',
  (_name, fault) => {
    const program = `
    import { guardProcess } from ${JSON.stringify(module)};
    const log = { error: (facts, text) => console.log(text, JSON.stringify(facts)) };
    const resort = guardProcess(log, () => console.log('counted'));
    const end = setTimeout(() => process.exit(7), 10000);
    resort.broken.addEventListener('abort', () => setTimeout(() => {
      console.log('drained');
      try { resort.leave(); } catch (error) { console.log(error.code); process.exit(1); }
    }, 50));
    ${fault}`;
    const { stdout, status } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      { encoding: 'utf8', timeout: 30_000 },
    );
    expect(stdout).toMatch(/counted[^]*exit 1[^]*drained[^]*PROCESS_FAULT/);
    expect(stdout).not.toContain('secret-value');
    expect(status).toBe(1);
  },
);
