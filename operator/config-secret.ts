/** Hands a compiled document to its data plane as a Secret; over the size limit the previous one stays. */
import { configDigestAnnotation, configSecretKey, encodeConfig } from '../contract/index.ts';
import type { Context } from './context.ts';
import { kinds } from './kind.ts';
import type { OwnerReference } from './runtime/index.ts';

export interface ConfigTarget {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
}

/** The digest now in force. Throws CONFIG_TOO_LARGE and writes nothing when it does not fit. */
export async function applyConfig<T extends { digest: string }>(
  context: Context,
  target: ConfigTarget,
  content: Omit<T, 'digest'>,
): Promise<string> {
  const { document, bytes } = encodeConfig<T>(content);
  const { namespace, name, labels, ownerReferences } = target;
  const secret = {
    metadata: {
      namespace,
      name,
      labels,
      annotations: { [configDigestAnnotation]: document.digest },
      ...(ownerReferences.length === 0 ? {} : { ownerReferences }),
    },
    type: 'Opaque',
    data: { [configSecretKey]: bytes.toString('base64') },
  };
  const observed = context.world.get(kinds.secret, namespace, name);
  await context.applier.apply(kinds.secret, secret, observed);
  return document.digest;
}
