/** What `clrk dev` says on a machine it cannot run on: which thing, and what to do, in three lines, exit code 1. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repositoryRoot } from '../../../local/root.ts';
import { runCommand, type CommandOptions, type Finished } from '../clrk-command.ts';

const home = mkdtempSync(join(tmpdir(), 'clrk-e2e-'));
const program = join(repositoryRoot, 'bin/clrk.mjs');
const environment = { CLRK_HOME: home };

const dev = (options: CommandOptions = {}): Promise<Finished> =>
  runCommand(process.execPath, [program, 'dev', '--exit'], {
    ...options,
    environment: { ...environment, ...options.environment },
  });

/** The lines that are not progress of earlier steps. */
function expectRefusal({ code, stderr }: Finished, what: RegExp, hint: RegExp): void {
  const said = stderr.slice(stderr.indexOf('error:')).trimEnd();
  expect(said).toMatch(what);
  expect(said).toMatch(hint);
  expect(said.split('\n').length).toBeLessThanOrEqual(3);
  expect(code).toBe(1);
}

test('a home that cannot be written', async () => {
  // Below a file there can be no directory.
  expectRefusal(
    await dev({ environment: { CLRK_HOME: `${program}/home` } }),
    /cannot be written/,
    /CLRK_HOME/,
  );
}, 60_000);

let blocker: Server;
beforeAll(async () => {
  blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(5100, '127.0.0.1', resolve));
});
afterAll(() => {
  blocker.close();
  rmSync(home, { recursive: true, force: true });
});

test('a port in use', async () => {
  expectRefusal(await dev(), /5100.*image registry/, /ss -ltnp/);
}, 60_000);

test('no root', async () => {
  // A user that can read the program but is nobody.
  const refused = await runCommand(
    'setpriv',
    ['--reuid=65534', '--regid=65534', '--clear-groups', '--', 'node', program, 'dev', '--exit'],
    {
      environment: { CLRK_HOME: mkdtempSync(join(tmpdir(), 'clrk-e2e-nobody-')) },
    },
  );
  expectRefusal(refused, /must run as root/, /sudo/);
}, 60_000);

test('no right to make namespaces', async () => {
  const refused = await runCommand(
    'setpriv',
    ['--bounding-set=-sys_admin', '--inh-caps=-sys_admin', '--', 'node', program, 'dev', '--exit'],
    { environment },
  );
  expectRefusal(refused, /cannot make network namespaces/, /CAP_SYS_ADMIN/);
}, 60_000);

test('a command that is not installed', async () => {
  expectRefusal(await dev({ environment: { PATH: '/nonexistent' } }), /not installed/, /apt-get install/);
}, 60_000);

test('no disk', async () => {
  // A small file system of its own, in a mount namespace of its own.
  const script = 'mount -t tmpfs -o size=8m none "$CLRK_HOME" && exec node "$0" dev --exit';
  const refused = await runCommand('unshare', ['--mount', 'sh', '-c', script, program], { environment });
  expectRefusal(refused, /MiB free/, /CLRK_HOME/);
}, 60_000);
