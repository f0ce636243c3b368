/**
 * Makes everything a pod needs before its first process: volumes on disk, service-account token and kubeconfig, and the
 * objects its environment names. Fails with CONTAINER_CONFIG when something is missing; trying again is harmless.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ClrkError } from '../../contract/index.ts';
import { renderPodKubeconfig } from '../control-plane/kubeconfig.ts';
import type { ApiClient } from '../kube/api-client.ts';
import type {
  KeyToPath,
  KubeObject,
  PersistentVolumeClaim,
  Pod,
  ProjectedSource,
  Volume,
} from '../kube/object.ts';
import { writePrivateFile } from '../private-file.ts';
import { fieldOf } from './container-environment.ts';
import { volumeFiles, writeVolumeFiles, type VolumeFile } from './pod-directory.ts';

interface DataObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

interface DataSource {
  readonly name?: string;
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
}

export type DataMap = ReadonlyMap<string, Buffer>;

export interface PodMaterial {
  /** Volume name to directory. */
  readonly directories: ReadonlyMap<string, string>;
  readonly secrets: ReadonlyMap<string, DataMap>;
  readonly configMaps: ReadonlyMap<string, DataMap>;
  readonly kubeconfig: string;
  readonly tokenFile: string;
}

export interface MaterialContext {
  readonly client: ApiClient;
  readonly folder: string;
  readonly volumesRoot: string;
  readonly podAddress: string;
  readonly nodeName: string;
  readonly nodeAddress: string;
}

// Kubelet's default for projected tokens; refreshed long before.
export const tokenSeconds = 3600;

const missing = (what: string): ClrkError => new ClrkError('CONTAINER_CONFIG', what, { retryable: true });

class Materializer {
  readonly #pod: Pod;
  readonly #context: MaterialContext;
  readonly #namespacePath: string;
  readonly secrets = new Map<string, DataMap>();
  readonly configMaps = new Map<string, DataMap>();

  constructor(pod: Pod, context: MaterialContext) {
    this.#pod = pod;
    this.#context = context;
    this.#namespacePath = `/api/v1/namespaces/${pod.metadata.namespace ?? 'default'}`;
  }

  /** Everything the environment refers to, so that resolving it needs no I/O. */
  async loadReferences(): Promise<void> {
    for (const { valueFrom } of this.#pod.spec.containers.flatMap(({ env }) => env ?? [])) {
      if (valueFrom?.secretKeyRef?.name !== undefined) await this.#secret(valueFrom.secretKeyRef.name);
      if (valueFrom?.configMapKeyRef?.name !== undefined)
        await this.#configMap(valueFrom.configMapKeyRef.name);
    }
  }

  /** The volume's directory, with its files. */
  async volume(volume: Volume): Promise<string> {
    if (volume.persistentVolumeClaim !== undefined)
      return this.#claim(volume.persistentVolumeClaim.claimName);
    const folder = join(this.#context.folder, 'v', volume.name);
    if (volume.emptyDir !== undefined) mkdirSync(folder, { recursive: true, mode: 0o755 });
    else writeVolumeFiles(folder, await this.#volumeFiles(volume));
    return folder;
  }

  async #volumeFiles({ name, secret, configMap, projected }: Volume): Promise<VolumeFile[]> {
    if (secret !== undefined) return this.#files('Secret', { ...secret, name: secret.secretName ?? '' });
    if (configMap !== undefined) return this.#files('ConfigMap', configMap);
    if (projected !== undefined) {
      const sources = await Promise.all((projected.sources ?? []).map((source) => this.#projected(source)));
      return sources.flat();
    }
    throw new ClrkError('CONTAINER_CONFIG', `the kind of volume ${name} is not supported by the local node`);
  }

  async #files(kind: 'Secret' | 'ConfigMap', source: DataSource): Promise<VolumeFile[]> {
    const { name = '', items, optional = false } = source;
    const data = await (kind === 'Secret' ? this.#secret(name) : this.#configMap(name));
    if (data === undefined && !optional) throw missing(`${kind} ${name} not found`);
    return volumeFiles(data ?? new Map<string, Buffer>(), items, optional);
  }

  async token(audience?: string): Promise<string> {
    const { metadata, spec } = this.#pod;
    const account = spec.serviceAccountName ?? 'default';
    const answer = (await this.#context.client.send(
      'POST',
      `${this.#namespacePath}/serviceaccounts/${account}/token`,
      {
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            expirationSeconds: tokenSeconds,
            ...(audience === undefined ? {} : { audiences: [audience] }),
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid: metadata.uid },
          },
        },
      },
    )) as { status: { token: string } };
    return answer.status.token;
  }

  async #projected(source: ProjectedSource): Promise<VolumeFile[]> {
    if (source.serviceAccountToken !== undefined) {
      const { path, audience } = source.serviceAccountToken;
      return [{ path, content: Buffer.from(await this.token(audience)) }];
    }
    if (source.configMap !== undefined) return this.#files('ConfigMap', source.configMap);
    if (source.secret !== undefined) return this.#files('Secret', source.secret);
    const facts = { pod: this.#pod, ...this.#context, services: [], mounts: new Map<string, string>() };
    return (source.downwardAPI?.items ?? []).flatMap(({ path, fieldRef }) =>
      fieldRef === undefined ? [] : [{ path, content: Buffer.from(fieldOf(fieldRef.fieldPath, facts)) }],
    );
  }

  async #secret(name: string): Promise<DataMap | undefined> {
    const object = await this.#context.client.find<DataObject>(`${this.#namespacePath}/secrets/${name}`);
    return remember(this.secrets, name, object?.data ?? (object && {}), 'base64');
  }

  async #configMap(name: string): Promise<DataMap | undefined> {
    const object = await this.#context.client.find<DataObject>(`${this.#namespacePath}/configmaps/${name}`);
    return remember(this.configMaps, name, object?.data ?? (object && {}), 'utf8');
  }

  async #claim(name: string): Promise<string> {
    const path = `${this.#namespacePath}/persistentvolumeclaims/${name}`;
    const claim = await this.#context.client.find<PersistentVolumeClaim>(path);
    if (claim === undefined) throw missing(`PersistentVolumeClaim ${name} not found`);
    if (claim.status?.phase !== 'Bound') throw missing(`PersistentVolumeClaim ${name} is not bound yet`);
    const folder = join(this.#context.volumesRoot, this.#pod.metadata.namespace ?? 'default', name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }
}

function remember(
  map: Map<string, DataMap>,
  name: string,
  data: Readonly<Record<string, string>> | undefined,
  encoding: BufferEncoding,
): DataMap | undefined {
  if (data === undefined) return undefined;
  const decoded = new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, encoding)]));
  map.set(name, decoded);
  return decoded;
}

export async function providePodMaterial(pod: Pod, context: MaterialContext): Promise<PodMaterial> {
  const materializer = new Materializer(pod, context);
  mkdirSync(context.folder, { recursive: true, mode: 0o700 });
  await materializer.loadReferences();
  const directories = new Map<string, string>();
  for (const volume of pod.spec.volumes ?? [])
    directories.set(volume.name, await materializer.volume(volume));
  const tokenFile = join(context.folder, 'token');
  const kubeconfig = join(context.folder, 'kubeconfig');
  await refreshPodToken(pod, context);
  const { host, port, caPem } = context.client.access;
  const namespace = pod.metadata.namespace ?? 'default';
  writePrivateFile(kubeconfig, renderPodKubeconfig(`https://${host}:${port}`, caPem, tokenFile, namespace));
  const { secrets, configMaps } = materializer;
  return { directories, secrets, configMaps, kubeconfig, tokenFile };
}

/** Writes a new service-account token where the pod's kubeconfig reads it. */
export async function refreshPodToken(pod: Pod, context: MaterialContext): Promise<void> {
  const token = await new Materializer(pod, context).token();
  writePrivateFile(join(context.folder, 'token'), token);
}
