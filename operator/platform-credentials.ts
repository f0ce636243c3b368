/**
 * The credentials of one installation, Secret `clrk-platform-auth`: a password a role for NATS, a token a role for
 * telemetry. Made once, in the cluster, because git must not hold them; keys that are there are never changed, so that
 * a person may bring or rotate them. Any replica may do it: the losing writer reads what the winner wrote.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, platformAuthNames, platformAuthSecret } from '../contract/index.ts';
import type { Log } from '../process/index.ts';
import { encodeSecretData, secretText } from './compile/index.ts';
import type { Secret } from './kind.ts';
import { ApiError, apiVersionOf, builtins, type KubeApi, type KubeObject } from './runtime/index.ts';

export type PlatformCredentials = ReadonlyMap<string, string>;

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

/** What the Secret says, or undefined when a key is missing or empty. Pure. */
export function credentialsOf(secret: Secret | undefined): PlatformCredentials | undefined {
  const entries = platformAuthNames.map((key) => [key, secretText(secret, key)?.trim() ?? ''] as const);
  return entries.some(([, value]) => value === '') ? undefined : new Map(entries);
}

/** The credentials, made first where they are missing. Throws what the API server answers. */
export async function ensurePlatformCredentials(
  options: PlatformCredentialsOptions,
): Promise<PlatformCredentials> {
  const { api, namespace } = options;
  for (let attempt = 1; ; attempt += 1) {
    const path = { namespace, name: platformAuthSecret };
    const observed = (await api.get(builtins.secrets, path)) as Secret | undefined;
    const found = credentialsOf(observed);
    if (found !== undefined) return found;
    try {
      await complete(options, observed);
    } catch (thrown) {
      const lost = thrown instanceof ApiError && thrown.status === 409;
      if (!lost || attempt === attempts) throw thrown;
    }
  }
}

/** Adds the keys that are missing; the version read guards against another writer. */
async function complete(
  { api, namespace, randomBytes }: PlatformCredentialsOptions,
  observed: Secret | undefined,
): Promise<void> {
  const missing = platformAuthNames.filter((key) => (secretText(observed, key)?.trim() ?? '') === '');
  const made = Object.fromEntries(
    missing.map((key) => [key, randomBytes(credentialBytes).toString('base64url')]),
  );
  const data = { ...observed?.data, ...encodeSecretData(made) };
  const kind = { apiVersion: apiVersionOf(builtins.secrets), kind: builtins.secrets.kind };
  if (observed !== undefined) {
    await api.replace(builtins.secrets, { ...observed, ...kind, data } as KubeObject);
    return;
  }
  const metadata = { namespace, name: platformAuthSecret, labels: { 'app.kubernetes.io/part-of': 'clrk' } };
  await api.create(builtins.secrets, { ...kind, metadata, type: 'Opaque', data } as KubeObject);
}

/** Asks until the API server answers or the signal aborts (undefined): nothing can start without credentials. */
export async function untilPlatformCredentials(
  options: PlatformCredentialsOptions & { readonly log: Log; readonly signal: AbortSignal },
): Promise<PlatformCredentials | undefined> {
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
