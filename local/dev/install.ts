/**
 * Puts the platform on a running control plane: CRDs, namespaces, the per-role credentials and settings that are not
 * in git, and `dist/platform`. Server-side apply, so that a second time changes nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  ClrkError,
  controlPlaneCaSecret,
  platformAuthSecret,
  platformKeysSecret,
  platformRootKey,
  systemNamespace,
} from '../../contract/index.ts';
import { PlatformKeys } from '../../pki/index.ts';
import type { Credentials } from '../control-plane/credentials.ts';
import type { ApiClient } from '../kube/api-client.ts';
import { applyManifests } from '../kube/apply.ts';
import { awaitEstablished } from '../kube/establish.ts';
import { readManifests } from '../kube/manifest.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Subnet } from '../subnet.ts';

export const platformSettingsName = 'clrk-platform';

export interface InstallInput {
  readonly root: string;
  readonly credentials: Credentials;
  /** Made before the API server because NATS proves itself by it. */
  readonly platformCa: { readonly certificatePem: string; readonly privateKeyPem: string };
  readonly natsUrl: string;
  readonly subnet: Subnet;
  readonly registryPort: number;
}

/** Objects of `clrk-system` that hold this machine's secrets and addresses. Pure. */
export function systemObjects(input: InstallInput): KubeObject[] {
  const { credentials, platformCa, natsUrl, subnet, registryPort } = input;
  const metadata = (name: string): KubeObject['metadata'] => ({
    name,
    namespace: systemNamespace,
    labels: { 'app.kubernetes.io/part-of': 'clrk' },
  });
  const secret = (name: string, type: string, texts: Readonly<Record<string, string>>): KubeObject =>
    ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata(name),
      type,
      data: Object.fromEntries(
        Object.entries(texts).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
      ),
    }) as KubeObject;
  const settings = {
    natsUrl,
    // Pods, Services and the control plane: never open to agents, whatever a policy says.
    platformCidrs: [subnet.podCidr, subnet.serviceCidr, '127.0.0.0/8'].join(','),
    insecureRegistries: [`localhost:${registryPort}`, `127.0.0.1:${registryPort}`].join(','),
  };
  const keys = new PlatformKeys(Buffer.from(credentials.root, 'base64url'));
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: systemNamespace } },
    secret(platformKeysSecret, 'Opaque', { [platformRootKey]: credentials.root }),
    secret(platformAuthSecret, 'Opaque', { ...credentials.platform, ...keys.telemetryFiles() }),
    secret(controlPlaneCaSecret, 'kubernetes.io/tls', {
      'tls.crt': platformCa.certificatePem,
      'tls.key': platformCa.privateKeyPem,
    }),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(platformSettingsName),
      data: settings,
    } as KubeObject,
  ];
}

/** NATS is a child process here, and the settings are this machine's (above). */
function isForOneMachine({ kind, metadata }: KubeObject): boolean {
  return metadata.name !== 'clrk-nats' && !(kind === 'ConfigMap' && metadata.name === platformSettingsName);
}

/** A second replica on the same machine would share its fate, and cost its memory. */
function onOneMachine(object: KubeObject): KubeObject {
  if (object.kind !== 'Deployment') return object;
  const { spec } = object as KubeObject & { readonly spec: object };
  return { ...object, spec: { ...spec, replicas: 1 } } as KubeObject;
}

function manifestsOf(root: string, folder: string): KubeObject[] {
  const path = join(root, folder);
  if (existsSync(path)) return readManifests(path).filter(({ kind }) => kind !== 'Kustomization');
  throw new ClrkError('MANIFESTS_MISSING', `${folder}/ is not there`, {
    hint: 'Run `npm run generate && npm run synth`.',
  });
}

export async function installPlatform(client: ApiClient, input: InstallInput): Promise<void> {
  const crds = manifestsOf(input.root, 'crds');
  await applyManifests(client, crds);
  await awaitEstablished(client, crds);
  await applyManifests(client, systemObjects(input));
  await applyManifests(
    client,
    manifestsOf(input.root, 'dist/platform').filter(isForOneMachine).map(onOneMachine),
  );
}
