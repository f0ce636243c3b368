/**
 * What an installation's trust starts from, made once, in the cluster, because git must not hold it: the root of all
 * identities (Secret clrk-platform-keys, the operator's alone) and what telemetry is given (Secret clrk-platform-auth: its
 * share of the root, and random credentials that a person may bring or rotate). Any replica may do it: the losing writer
 * reads what the winner wrote.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  errorMessage,
  platformAuthNames,
  platformAuthSecret,
  platformKeysSecret,
  platformRootBytes,
  platformRootKey,
} from '../contract/index.ts';
import { PlatformKeys } from '../pki/index.ts';
import type { Log } from '../process/index.ts';
import { encodeSecretData, secretText } from './compile/index.ts';
import type { Secret } from './kind.ts';
import { ApiError, apiVersionOf, builtins, type KubeApi, type KubeObject } from './runtime/index.ts';

export interface PlatformCredentialsOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly randomBytes: (size: number) => Buffer;
}

// 256 bits; base64url needs no quoting in any of the files it lands in.
const credentialBytes = 32;
const attempts = 5;
const firstRetryMs = 250;
const lastRetryMs = 10_000;

/** The root as 32 bytes, or undefined when there is none that can be used. Pure. */
export function rootOf(secret: Secret | undefined): Buffer | undefined {
  const root = Buffer.from(secretText(secret, platformRootKey)?.trim() ?? '', 'base64url');
  return root.length === platformRootBytes ? root : undefined;
}

/** The keys of this installation; their Secrets are made or completed first. Throws what the API server answers. */
export async function ensurePlatformCredentials(options: PlatformCredentialsOptions): Promise<PlatformKeys> {
  const { randomBytes } = options;
  const root = await ensureSecret(options, platformKeysSecret, (observed) =>
    rootOf(observed) === undefined
      ? { [platformRootKey]: randomBytes(platformRootBytes).toString('base64url') }
      : {},
  );
  const keys = new PlatformKeys(rootOf(root) ?? Buffer.alloc(0));
  await ensureSecret(options, platformAuthSecret, (observed) => {
    const missing = platformAuthNames.filter((key) => (secretText(observed, key)?.trim() ?? '') === '');
    const derived = Object.entries(keys.telemetryFiles());
    return Object.fromEntries([
      ...missing.map((key) => [key, randomBytes(credentialBytes).toString('base64url')] as const),
      ...derived.filter(([key, value]) => secretText(observed, key)?.trim() !== value),
    ]);
  });
  return keys;
}

/** Writes what `lacks` says is missing until it says nothing is; gives the Secret as it then is. */
async function ensureSecret(
  { api, namespace }: PlatformCredentialsOptions,
  name: string,
  lacks: (observed: Secret | undefined) => Readonly<Record<string, string>>,
): Promise<Secret | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const observed = (await api.get(builtins.secrets, { namespace, name })) as Secret | undefined;
    const missing = lacks(observed);
    if (Object.keys(missing).length === 0) return observed;
    try {
      await complete(api, { namespace, name, observed, missing });
    } catch (thrown) {
      const lost = thrown instanceof ApiError && thrown.status === 409;
      if (!lost || attempt === attempts) throw thrown;
    }
  }
}

interface Completion {
  readonly namespace: string;
  readonly name: string;
  readonly observed: Secret | undefined;
  readonly missing: Readonly<Record<string, string>>;
}

/** Adds the keys that are missing; the version read guards against another writer. */
async function complete(api: KubeApi, { namespace, name, observed, missing }: Completion): Promise<void> {
  const data = { ...observed?.data, ...encodeSecretData(missing) };
  const kind = { apiVersion: apiVersionOf(builtins.secrets), kind: builtins.secrets.kind };
  if (observed !== undefined) {
    await api.replace(builtins.secrets, { ...observed, ...kind, data } as KubeObject);
    return;
  }
  const metadata = { namespace, name, labels: { 'app.kubernetes.io/part-of': 'clrk' } };
  await api.create(builtins.secrets, { ...kind, metadata, type: 'Opaque', data } as KubeObject);
}

/** Asks until the API server answers or the signal aborts (undefined): nothing can start without credentials. */
export async function untilPlatformCredentials(
  options: PlatformCredentialsOptions & { readonly log: Log; readonly signal: AbortSignal },
): Promise<PlatformKeys | undefined> {
  const { log, signal } = options;
  for (let waitMs = firstRetryMs; !signal.aborted; waitMs = Math.min(waitMs * 2, lastRetryMs)) {
    try {
      return await ensurePlatformCredentials(options);
    } catch (thrown) {
      log.warn(
        { error: errorMessage(thrown), retryMs: waitMs },
        'platform credentials not read, trying again',
      );
    }
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
