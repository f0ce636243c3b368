/** What a document is called, or why it is no object; and the objects a document holds. Pure. */
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import type { ObjectName } from './manifest.ts';
import type { Path } from './path.ts';

export interface Named extends ObjectName {
  readonly value: JsonObject;
  readonly metadata: JsonObject;
}

export const notKubernetes = 'this document has no apiVersion and kind';

/** Built-in kinds without a namespace; every kind of ours has one. */
const clusterScoped = new Set([
  'APIService',
  'CSIDriver',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'FlowSchema',
  'IngressClass',
  'MutatingWebhookConfiguration',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PriorityClass',
  'PriorityLevelConfiguration',
  'RuntimeClass',
  'StorageClass',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
]);

/** A file of kustomize's own: no server knows it. */
export function isForKustomize({ apiVersion }: ObjectName): boolean {
  return apiVersion.startsWith('kustomize.config.k8s.io/');
}

function isText(value: Json | undefined): value is string {
  return typeof value === 'string' && value !== '';
}

export interface NameContext {
  /** For objects that name none. */
  readonly namespace: string | undefined;
  /** A number for a name the server is to make up, so that no two are one. */
  readonly nextGenerated: () => number;
}

/** The object's name, or what it lacks. */
export function nameOf(value: Json, context: NameContext): Named | string {
  if (!isObject(value)) return 'this document is not an object';
  const { apiVersion, kind, metadata } = value;
  if (!isText(apiVersion) || !isText(kind)) return notKubernetes;
  if (!isObject(metadata)) return `this ${kind} has no metadata`;
  const name = isText(metadata['name']) ? metadata['name'] : generatedName(metadata, context);
  if (name === undefined) return `this ${kind} has no metadata.name`;
  const namespace = namespaceOf(kind, metadata, context);
  if (namespace === null) return `metadata.namespace of this ${kind} is not text`;
  return { apiVersion, kind, name, namespace, value, metadata };
}

/** Null: it is not text. The API server takes an empty one for none. */
function namespaceOf(
  kind: string,
  { namespace }: JsonObject,
  context: NameContext,
): string | undefined | null {
  if (namespace === undefined || namespace === null || namespace === '')
    return clusterScoped.has(kind) ? undefined : context.namespace;
  return typeof namespace === 'string' ? namespace : null;
}

function generatedName({ generateName }: JsonObject, { nextGenerated }: NameContext): string | undefined {
  return isText(generateName) ? `${generateName}<generated ${nextGenerated()}>` : undefined;
}

export interface PlacedValue {
  readonly value: Json;
  /** In the document. */
  readonly base: Path;
}

function isListObject(value: Json): value is JsonObject & { readonly kind: string } {
  if (!isObject(value) || !isText(value['kind'])) return false;
  return Object.hasOwn(value, 'items') || (value['kind'] === 'List' && value['apiVersion'] === 'v1');
}

/** Items of a typed list need not repeat its type. */
function typed(item: Json, { apiVersion, kind }: JsonObject & { readonly kind: string }): Json {
  if (!isObject(item) || item['kind'] !== undefined || item['apiVersion'] !== undefined) return item;
  const itemKind = kind.endsWith('List') ? kind.slice(0, -'List'.length) : '';
  return itemKind === '' ? item : { apiVersion, kind: itemKind, ...item };
}

/** The objects of one document: as for kubectl, whatever has `items` is a list. Text: why it cannot be opened. */
export function openLists(value: Json, base: Path = []): readonly PlacedValue[] | string {
  if (!isListObject(value)) return [{ value, base }];
  const items = value['items'] ?? [];
  if (!isList(items)) return `this ${value.kind} has items that are no list`;
  const opened: PlacedValue[] = [];
  for (const [index, item] of items.entries()) {
    const inner = openLists(typed(item, value), [...base, 'items', index]);
    if (typeof inner === 'string') return inner;
    // Not spread: a list may have more items than a call may have arguments.
    for (const each of inner) opened.push(each);
  }
  return opened;
}
