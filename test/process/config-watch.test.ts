/** The config watch against a real API server: documents as they change, and nothing kept of watches that ended. */
import { getEventListeners } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CoreV1Api } from '@kubernetes/client-node';
import { pino } from 'pino';
import { Type } from 'typebox';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { configSecretKey, encodeConfig, environment as variable } from '../../contract/index.ts';
import { watchConfig } from '../../process/index.ts';
import { ControlPlane } from '../operator/control-plane.ts';

const schema = Type.Object({ digest: Type.String(), word: Type.String() });
const name = 'watched';
const namespace = 'default';
let plane: ControlPlane;
let api: CoreV1Api;

function secret(word: string) {
  const { bytes } = encodeConfig<{ digest: string; word: string }>({ word });
  return { metadata: { name, namespace }, data: { [configSecretKey]: bytes.toString('base64') } };
}

beforeAll(async () => {
  plane = await ControlPlane.start();
  api = plane.config().makeApiClient(CoreV1Api);
  await api.createNamespacedSecret({ namespace, body: secret('first') });
}, 120_000);

afterAll(() => plane.stop());

interface Watching {
  readonly words: string[];
  /** Watches begun so far. */
  readonly watches: () => number;
  readonly abort: AbortController;
}

function follow(watchSeconds?: number): Watching {
  const kubeconfig = join(plane.directory, 'kubeconfig');
  writeFileSync(kubeconfig, plane.config().exportConfig());
  const abort = new AbortController();
  const added = vi.spyOn(abort.signal, 'addEventListener');
  const words: string[] = [];
  watchConfig({
    environment: {
      [variable.podNamespace]: namespace,
      [variable.configSecret]: name,
      [variable.kubeconfig]: kubeconfig,
    },
    schema,
    log: pino({ level: 'silent' }),
    signal: abort.signal,
    ...(watchSeconds === undefined ? {} : { watchSeconds }),
    onConfig: ({ word }) => words.push(word),
  });
  return { words, watches: () => added.mock.calls.length, abort };
}

test('hands over each document once, for as many watches as it takes, and keeps no listener of an ended one', async () => {
  const { words, watches, abort } = follow(1);
  await vi.waitFor(() => expect(words).toEqual(['first']), 20_000);
  // Several watches end by themselves; the document does not change.
  await vi.waitFor(() => expect(watches()).toBeGreaterThanOrEqual(4), { timeout: 60_000, interval: 100 });
  expect(getEventListeners(abort.signal, 'abort').length).toBeLessThanOrEqual(1);
  await api.replaceNamespacedSecret({ name, namespace, body: secret('second') });
  await vi.waitFor(() => expect(words).toEqual(['first', 'second']), 20_000);
  abort.abort();
  await vi.waitFor(() => expect(getEventListeners(abort.signal, 'abort')).toEqual([]), 20_000);
}, 120_000);

test('a Secret older than all the API server remembers is followed by one watch, not by one after the other', async () => {
  await api.replaceNamespacedSecret({ name, namespace, body: secret('old') });
  // Whatever is written next makes the Secret's version one from before the restart.
  await api.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'younger' } } });
  await plane.restartApiServer();
  const { words, watches, abort } = follow();
  await vi.waitFor(() => expect(words).toEqual(['old']), 20_000);
  // Each of these takes the server longer than a refused watch does.
  for (let turn = 0; turn < 40; turn += 1) {
    await api.replaceNamespacedConfigMap({
      name: 'younger',
      namespace,
      body: { metadata: { name: 'younger' }, data: { turn: String(turn) } },
    });
  }
  expect(watches()).toBeLessThanOrEqual(3);
  await api.replaceNamespacedSecret({ name, namespace, body: secret('new') });
  await vi.waitFor(() => expect(words).toEqual(['old', 'new']), 20_000);
  abort.abort();
}, 120_000);
