/** Where records go, and that the platform's own password goes to no server but its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { serverUrl } from '../../telemetry/store/server-url.ts';

const directories: string[] = [];
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true })));

function authDir(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'clrk-auth-'));
  directories.push(directory);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

const generated = { 'clickhouse-password': 'made-by-the-operator\n' };

test.each<[string, Record<string, string>, Record<string, string>, string | undefined]>([
  ['nothing set: embedded', {}, generated, undefined],
  ['empty variables: embedded', { CLRK_CLICKHOUSE_URL: '', CLRK_CLICKHOUSE_USER: '' }, generated, undefined],
  [
    "somebody's server gets no password",
    { CLRK_CLICKHOUSE_URL: 'http://ch:8123' },
    generated,
    'http://ch:8123',
  ],
  [
    "the platform's own is signed in to",
    { CLRK_CLICKHOUSE_URL: 'http://ch:8123', CLRK_CLICKHOUSE_USER: 'clrk' },
    generated,
    'http://clrk:made-by-the-operator@ch:8123/',
  ],
  [
    "a person's URL of the Secret wins",
    { CLRK_CLICKHOUSE_URL: 'http://ch:8123', CLRK_CLICKHOUSE_USER: 'clrk' },
    { ...generated, 'clickhouse-url': 'https://me:mine@elsewhere:8443\n' },
    'https://me:mine@elsewhere:8443',
  ],
])('%s', (_name, environment, files, expected) => {
  expect(serverUrl(environment, authDir(files))).toBe(expected);
});

test('the own server without its password is an error, not an anonymous connection', () => {
  const environment = { CLRK_CLICKHOUSE_URL: 'http://ch:8123', CLRK_CLICKHOUSE_USER: 'clrk' };
  expect(() => serverUrl(environment, authDir({}))).toThrow(/clickhouse-password/);
});
