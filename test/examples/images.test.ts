/**
 * The images of the examples, run as they are: in a root of their own (chroot), with the stand-in as api.openai.com and
 * its CA where the worker puts the gateway's. What gVisor and the gateway add is tested end to end elsewhere.
 */
import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildExampleImage, buildTestImage, type ImagePlace } from '../../examples/images/index.ts';
import { startProvider, type RunningProvider } from '../../examples/provider/index.ts';
import { openImageStore, type ImageStore, type PulledImage } from '../../oci/index.ts';
import { temporaryDirectory } from '../oci/image-fixture.ts';

/** A loopback address of our own, because the agents call port 443. */
const address = '127.77.0.7';
let base = '';
let provider: RunningProvider;
let store: ImageStore;
beforeAll(async () => {
  base = await temporaryDirectory();
  provider = await startProvider({ host: address, port: 443, keys: { openai: 'placeholder' } });
  store = await openImageStore({ directory: join(base, 'store') });
});
afterAll(async () => {
  await provider.close();
  await store[Symbol.asyncDispose]();
  await rm(base, { recursive: true, force: true });
});

async function pull(build: (place: ImagePlace) => Promise<{ readonly name: string }>): Promise<PulledImage> {
  const { name } = await build({ output: join(base, 'layout') });
  const image = await store.pull(`oci-layout:${join(base, 'layout')}:${name}`);
  await writeFile(join(image.rootfsPath, 'etc/hosts'), `${address} api.openai.com\n`);
  await writeFile(join(image.rootfsPath, 'etc/ssl/certs/ca-certificates.crt'), provider.caPem);
  return image;
}

function run({ rootfsPath, config }: PulledImage, input = ''): Promise<string> {
  const user = config.user === '' ? '0:0' : config.user;
  const args = ['--userspec', user, rootfsPath, ...config.entrypoint, ...config.cmd];
  const extra = { NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt' };
  const variables = Object.fromEntries(config.env.map((line) => line.split(/=(.*)/s) as [string, string]));
  const child = spawn('chroot', args, { env: { ...variables, ...extra } });
  const output: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString('utf8')));
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve, reject) => {
    child
      .on('error', reject)
      .on('close', (code) => resolve(code === 0 ? output.join('') : `exit ${code}: ${output.join('')}`));
  });
}

const envelope = JSON.stringify({
  specversion: '1.0',
  id: '1',
  source: '/',
  type: 't',
  data: 'How are "you"?',
});

test.each(['hello', 'hello-shell'] as const)(
  'the example %s answers with what the model says',
  async (example) => {
    const image = await pull((place) => buildExampleImage(example, place));
    expect(await run(image, envelope)).toBe('Hello from the stand-in. You said: "How are "you"?"\n');
    expect(provider.received().at(-1)).toMatchObject({ path: '/v1/chat/completions', status: 200 });
    expect(image.config.user).toBe('65532:65532');
  },
);

test.each(['python', 'node', 'curl'] as const)(
  "an unmodified %s trusts the image's own bundle",
  async (kind) => {
    const image = await pull((place) => buildTestImage(kind, place));
    expect(await run(image)).toContain('gpt-4o-mini');
  },
);

test('busybox runs', async () => {
  const image = await pull((place) => buildTestImage('busybox', place));
  expect(await run(image, 'some input\n')).toMatch(/^some input\nuid=0/);
});
