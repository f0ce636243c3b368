/**
 * The provider behind an example: the stand-in this repository ships (own CA, own random key) or, with the person's key,
 * the real one. The key goes into one Secret and nowhere else on disk.
 */
import { randomBytes } from 'node:crypto';
import type { RunningProvider } from '../../examples/provider/index.ts';
import { ClrkError } from '../../contract/index.ts';
import { keptCa } from '../control-plane/certificates.ts';
import type { Home } from '../home.ts';
import type { ApiClient } from '../kube/api-client.ts';
import { applyManifests } from '../kube/apply.ts';
import type { KubeObject } from '../kube/object.ts';
import { HomeAddresses } from '../node-agent/loopback.ts';
import type { Subnet } from '../subnet.ts';
import type { Environment } from './dev-options.ts';

export const exampleNamespace = 'default';
const keySecret = 'openai';
const caSecret = 'provider-ca';
const providerLabel = 'clrk.apoxy.dev/provider';
/** Last byte of the stand-in's address; the examples' hostAliases name it. */
const standInHost = 250;

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

function secret(name: string, data: Readonly<Record<string, string>>, provider: string): KubeObject {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  const metadata = { name, namespace: exampleNamespace, labels: { [providerLabel]: provider } };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    type: 'Opaque',
    data: Object.fromEntries(encoded),
  } as KubeObject;
}

/** A key like the real ones, so that everything that looks for keys finds it. */
export function randomProviderKey(): string {
  return `sk-proj-${randomBytes(48).toString('base64url')}`;
}

/** The stand-in's key of the last run, if the Secret is still the stand-in's. */
async function keptKey(client: ApiClient): Promise<string | undefined> {
  const kept = await client.find<Secret>(`/api/v1/namespaces/${exampleNamespace}/secrets/${keySecret}`);
  if (kept?.metadata.labels?.[providerLabel] !== 'stand-in') return undefined;
  const token = kept.data?.['token'];
  return token === undefined ? undefined : Buffer.from(token, 'base64').toString('utf8');
}

export interface StandInInput {
  readonly client: ApiClient;
  readonly home: Home;
  readonly subnet: Subnet;
}

export async function startStandIn({ client, home, subnet }: StandInInput): Promise<RunningProvider> {
  const { startProvider } = await import('../../examples/provider/index.ts');
  const key = (await keptKey(client)) ?? randomProviderKey();
  const ca = keptCa(home.pki, caSecret);
  const host = subnet.exampleAddress(standInHost);
  await new HomeAddresses(home.root, subnet).add(host);
  const keys = { openai: key, anthropic: key, google: key };
  const provider = await startProvider({ host, port: 443, keys, ca });
  await applyManifests(client, [
    secret(caSecret, { 'ca.crt': ca.certificatePem }, 'stand-in'),
    secret(keySecret, { token: key }, 'stand-in'),
  ]);
  return provider;
}

export function requireProviderKey(environment: Environment): string {
  const key = environment['OPENAI_API_KEY'];
  if (key !== undefined && key !== '') return key;
  throw new ClrkError('PROVIDER_KEY_MISSING', '--provider openai needs OPENAI_API_KEY in the environment', {
    hint: 'Set it, or leave --provider out to use the stand-in.',
  });
}

export async function installProviderKey(client: ApiClient, key: string): Promise<void> {
  await applyManifests(client, [secret(keySecret, { token: key }, 'openai')]);
}
