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

test('hands over each document once, for as many watches as it takes, and keeps no listener of an ended one', async () => {
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
    watchSeconds: 1,
    onConfig: ({ word }) => words.push(word),
  });
  await vi.waitFor(() => expect(words).toEqual(['first']), 20_000);
  const watches = (): number => added.mock.calls.length;
  // Several watches end by themselves; the document does not change.
  await vi.waitFor(() => expect(watches()).toBeGreaterThanOrEqual(4), { timeout: 60_000, interval: 100 });
  expect(getEventListeners(abort.signal, 'abort').length).toBeLessThanOrEqual(1);
  await api.replaceNamespacedSecret({ name, namespace, body: secret('second') });
  await vi.waitFor(() => expect(words).toEqual(['first', 'second']), 20_000);
  abort.abort();
  await vi.waitFor(() => expect(getEventListeners(abort.signal, 'abort')).toEqual([]), 20_000);
}, 120_000);
