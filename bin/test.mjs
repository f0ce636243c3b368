/** `npm test`: everything it needs, then vitest. Arguments go on to vitest (`npm test -- test/egress`). */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bootstrap, main, root } from './bootstrap.mjs';

await main(async () => {
  await bootstrap({ forTests: true });
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  });
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) =>
    child.on('close', (code, signal) => resolve(signal === null ? (code ?? 1) : 1)),
  );
});
