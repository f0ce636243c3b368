/**
 * Secrets with content that must not be made twice (keys, certificates). Written with create and replace, never by
 * apply: a stale cache then ends in a conflict instead of a second key that silently replaces the first.
 */
import { ApiError, apiVersionOf, type KubeObject } from './runtime/index.ts';
import type { Context } from './context.ts';
import { encodeSecretData } from './compile/index.ts';
import { kinds, type Secret } from './kind.ts';

export interface RandomSecret {
  readonly metadata: KubeObject['metadata'];
  readonly type: 'Opaque' | 'kubernetes.io/tls';
  readonly data: Readonly<Record<string, string>>;
}

/** Creates, or replaces exactly the observed version. False when another writer was faster: look again. */
export async function writeRandomSecret(
  context: Context,
  wanted: RandomSecret,
  observed: Secret | undefined,
): Promise<boolean> {
  const object = {
    apiVersion: apiVersionOf(kinds.secret),
    kind: kinds.secret.kind,
    type: wanted.type,
    metadata: { ...wanted.metadata, resourceVersion: observed?.metadata.resourceVersion },
    data: encodeSecretData(wanted.data),
  } as KubeObject;
  try {
    await (observed === undefined
      ? context.api.create(kinds.secret, object)
      : context.api.replace(kinds.secret, object));
    return true;
  } catch (thrown) {
    if (thrown instanceof ApiError && (thrown.status === 409 || thrown.status === 404)) return false;
    throw thrown;
  }
}
