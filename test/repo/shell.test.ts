/** Every role's process is the one shell of `process/`: none makes a part of it again. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const roles = ['operator', 'ingress', 'worker', 'egress', 'telemetry'];

/** What the shell does, by how it would be done elsewhere. */
const parts: ReadonlyArray<readonly [string, RegExp]> = [
  ['a health server', /\bopenHealthServer\(/],
  ['faults of the process', /'(?:uncaughtException|unhandledRejection)'/],
  ['termination', /\buntilTerminated\(/],
  ['a last resort', /\bguardProcess\(/],
  ['the log', /\bcreateLog\(|from 'pino'/],
  ['a config watch', /(?<!shell\.)\bwatchConfig[(<]/],
  ['process metrics', /\bcollectDefaultMetrics\(/],
  ['a connection to NATS', /import \{[^}]*\bconnect\b[^}]*\} from 'nats'/],
  ['an outbox of events', /class \w*Outbox\b(?!.*\bOtlp)/],
];

const sources = roles.flatMap((role) =>
  (readdirSync(role, { recursive: true }) as string[])
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(role, name)),
);

const exceptions = new Set([
  // What carries spans has another bound and another wire: bytes, not events.
  'egress/record/otlp-outbox.ts',
  // Several documents are one config there: it starts the shared watch for each of them.
  'ingress/config-watches.ts',
]);

test.each(parts)('no role makes %s of its own', (_name, pattern) => {
  const own = sources.filter((path) => pattern.test(readFileSync(path, 'utf8')));
  expect(own.filter((path) => !exceptions.has(path))).toEqual([]);
});

test.each(roles)('%s runs in the shell', (role) => {
  const entry = sources.filter((path) => path.startsWith(`${role}/run`));
  expect(entry.some((path) => readFileSync(path, 'utf8').includes(`Shell.open({ role: '${role}'`))).toBe(
    true,
  );
});
