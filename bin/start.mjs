/** `npm start`: everything it needs, then the platform with the hello example. Flags go on to `clrk dev`. */
import { spawn } from 'node:child_process';
import { bootstrap, main } from './bootstrap.mjs';

await main(async () => {
  await bootstrap();
  const { bundle } = await import('./bundle.mjs');
  const passed = process.argv.slice(2);
  const example = passed.some((argument) => argument.startsWith('--example')) ? [] : ['--example', 'hello'];
  const child = spawn(process.execPath, ['--enable-source-maps', bundle, 'dev', ...example, ...passed], {
    stdio: 'inherit',
  });
  // The terminal sends Ctrl-C to both; only the platform decides what it means. TERM comes to this process alone.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) =>
    child.on('close', (code, signal) => resolve(signal === null ? (code ?? 1) : 1)),
  );
});
