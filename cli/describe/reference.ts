/**
 * Which objects an object names, read off its spec. Pure, and by the shape of our kinds: a member that ends in Ref or Refs names one or
 * several, by a text or by an object with a name. A kind that is added later needs no line here unless its members say no kind.
 */
import { isFields } from '../render/object-fields.ts';

export interface Reference {
  readonly kind: string;
  readonly name: string;
  /** Where in the spec: `egressRefs`, `rules.backendRefs`. */
  readonly where: string;
}

/** Members whose references say no kind. */
const kindOfMember: Readonly<Record<string, string>> = {
  workerPoolRef: 'WorkerPool',
  gatewayRef: 'EgressGateway',
  parentRefs: 'EgressGateway',
  secretRef: 'Secret',
  caCertRef: 'Secret',
  additionalTrustBundleSecretRef: 'Secret',
  registrationTokenSecretRef: 'Secret',
  inferencePoolRef: 'InferencePool',
  secretKeyRef: 'Secret',
  configMapKeyRef: 'ConfigMap',
  backendRefs: 'Backend',
};
const maxDepth = 16;

function named(member: string, value: unknown, where: string): Reference[] {
  if (typeof value === 'string') {
    const kind = kindOfMember[member];
    return kind === undefined || value === '' ? [] : [{ kind, name: value, where }];
  }
  if (!isFields(value)) return [];
  const { name } = value;
  const kind = value['kind'] ?? kindOfMember[member];
  return typeof name === 'string' && typeof kind === 'string' ? [{ kind, name, where }] : [];
}

function walk(value: unknown, path: readonly string[]): Reference[] {
  if (path.length > maxDepth) return [];
  if (Array.isArray(value)) return value.flatMap((each) => walk(each, path));
  if (!isFields(value)) return [];
  return Object.entries(value).flatMap(([member, inner]) => {
    const here = [...path, member];
    const found = /Refs?$/.test(member)
      ? [inner].flat().flatMap((each) => named(member, each, here.join('.')))
      : [];
    return [...found, ...walk(inner, here)];
  });
}

/** Each once, in the order of the spec. */
export function referencesOf(spec: unknown): readonly Reference[] {
  const found = new Map<string, Reference>();
  for (const reference of walk(spec, [])) {
    const key = `${reference.kind}/${reference.name}/${reference.where}`;
    if (!found.has(key)) found.set(key, reference);
  }
  return [...found.values()];
}
