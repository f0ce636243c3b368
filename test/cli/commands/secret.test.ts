/** `clrk secret set`: what goes to the API server, where values come from, and that none is ever shown. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { json, StandInServer } from '../stand-in-server.ts';

const server = new StandInServer();
const folder = mkdtempSync(join(tmpdir(), 'clrk-secret-'));
const secrets = '/api/v1/namespaces/team/secrets';
const value = 'sk-TheValueItself';

beforeAll(() => server.start());
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});
beforeEach(() => {
  server.reset();
  server.on(`POST ${secrets}`, json({}));
});

const encoded = (text: string): string => Buffer.from(text).toString('base64');
const sent = (): unknown => JSON.parse(String(server.received.at(-1)?.body));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test('standard input is the key token; a Secret that is not there is made', async () => {
  const result = await server.run(['secret', 'set', 'openai'], { stdin: `${value}\n` });
  expect(result).toMatchObject({
    code: 0,
    stdout: `secret team/openai created: token (${value.length} bytes)\n`,
  });
  expect(server.received.map(({ method }) => method)).toEqual(['PATCH', 'POST']);
  expect(sent()).toEqual({
    ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque' },
    metadata: { name: 'openai' },
    data: { token: encoded(value) },
  });
});

test('of one that is there only these keys change', async () => {
  server.on(`PATCH ${secrets}/aws`, json({}));
  const words = ['--from-env', 'id=AWS_ID', '--from-file', `secret=${file('key', `${value}\r\n`)}`];
  const result = await server.run(['secret', 'set', 'aws', ...words], { environment: { AWS_ID: 'AKIA' } });
  expect(result.stdout).toBe(`secret team/aws changed: id (4 bytes), secret (${value.length} bytes)\n`);
  expect(sent()).toEqual({ data: { id: encoded('AKIA'), secret: encoded(value) } });
});

test('a file of several lines is taken as it is, bytes and all', async () => {
  server.on(`PATCH ${secrets}/pem`, json({}));
  const text = '-----BEGIN-----\nx\u00ff\n-----END-----\n';
  await server.run(['secret', 'set', 'pem', '--from-file', file('pem', text)]);
  expect(sent()).toEqual({ data: { token: encoded(text) } });
});

test.each([
  ['a literal without its key', ['--from-literal', value]],
  ['a value where the key belongs', ['--from-literal', `${value}/+=x`]],
  ['a variable there is not', ['--from-env', 'NONE']],
  ['a file there is not', ['--from-file', '/nowhere/at/all']],
  ['nothing at all', []],
  ['one key twice', ['--from-literal', 'a=1', '--from-literal', 'a=2']],
  ['a key that climbs', ['--from-literal', '..=x']],
])('%s is refused before anything is sent, and shows no value', async (_, words) => {
  const result = await server.run(['secret', 'set', 'openai', ...words]);
  expect(result.code).toBe(2);
  expect(`${result.stdout}${result.stderr}`).not.toContain(value);
  expect(server.received).toEqual([]);
});

test('what the API server refuses is told without the value', async () => {
  server.on(`PATCH ${secrets}/openai`, json({ message: 'secrets "openai" is forbidden' }, 403));
  const result = await server.run(['secret', 'set', 'openai', '--from-literal', `token=${value}`]);
  expect(result.code).toBe(4);
  expect(result.stderr).toContain('forbidden');
  expect(`${result.stdout}${result.stderr}`).not.toContain(value);
});
