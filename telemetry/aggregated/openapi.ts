/**
 * The OpenAPI v3 document, made of the schema of the invocation and the table of what is served: `kubectl explain` reads it.
 * Pure, and the same for everybody.
 */
import { createHash } from 'node:crypto';
import { invocationSchema } from '../../contract/index.ts';
import { group, groupVersion, version } from './group.ts';
import { metricsOpenApi, metricsOpenApiPath } from './metrics-openapi.ts';

const schemaName = 'dev.apoxy.clrk.telemetry.v1alpha1.Invocation';
const listName = `${schemaName}List`;
const kindOf = (kind: string): object => ({ group, version, kind });
const extension = 'x-kubernetes-group-version-kind';

/** Literals side by side are an enumeration, which is what OpenAPI 3.0 has. */
function plain(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plain);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { anyOf, ...rest } = schema as { readonly anyOf?: readonly { readonly const?: unknown }[] };
  if (anyOf?.every((each) => each.const !== undefined) === true) {
    return { ...rest, type: 'string', enum: anyOf.map((each) => each.const) };
  }
  const { const: constant, enum: values, ...others } = schema as { const?: unknown; enum?: unknown };
  if (constant !== undefined) return { type: 'string', enum: [constant] };
  const entries = Object.entries(others).map(([key, value]) => [key, plain(value)] as const);
  const text = values === undefined ? {} : { type: 'string', enum: values };
  return { ...Object.fromEntries(entries), ...text };
}

const metaSchema = {
  type: 'object',
  description:
    'Standard metadata. name and uid are the id of the invocation; resourceVersion is where to watch from.',
  additionalProperties: true,
};

function invocation(): object {
  const { properties } = plain(invocationSchema) as { readonly properties: Readonly<Record<string, object>> };
  return {
    type: 'object',
    description:
      'One run of an agent, from the call that set it off to its end. Written by the platform alone.',
    properties: {
      ...properties,
      metadata: metaSchema,
      spec: { ...properties['spec'], description: 'Whose run it is, what set it off, and for whom.' },
      status: { ...properties['status'], description: 'How far it has come and how it ended.' },
    },
    [extension]: [kindOf('Invocation')],
  };
}

const list = {
  type: 'object',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: metaSchema,
    items: { type: 'array', items: { $ref: `#/components/schemas/${schemaName}` } },
  },
  [extension]: [kindOf('InvocationList')],
};

function parameter(name: string, place: 'path' | 'query', description = ''): object {
  return { name, in: place, description, required: place === 'path', schema: { type: 'string' } };
}

const listParameters = [
  'limit',
  'continue',
  'fieldSelector',
  'labelSelector',
  'resourceVersion',
  'watch',
].map((name) => parameter(name, 'query'));

function read(action: 'get' | 'list', answer: string, parameters: readonly object[]): object {
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${answer}` } } };
  return {
    parameters,
    get: {
      responses: { '200': { description: 'OK', content } },
      'x-kubernetes-action': action,
      [extension]: kindOf('Invocation'),
    },
  };
}

const base = `/apis/${groupVersion}`;
const namespace = parameter('namespace', 'path', 'Namespace of the agent');

export const openApiGroupDocument: object = {
  openapi: '3.0.0',
  info: { title: 'CLRK records', version },
  paths: {
    [`${base}/invocations`]: read('list', listName, listParameters),
    [`${base}/namespaces/{namespace}/invocations`]: read('list', listName, [namespace, ...listParameters]),
    [`${base}/namespaces/{namespace}/invocations/{name}`]: read('get', schemaName, [
      namespace,
      parameter('name', 'path', 'Id of the invocation'),
    ]),
  },
  components: { schemas: { [schemaName]: invocation(), [listName]: list } },
};

function locate(path: string, document: object): readonly [string, object] {
  const digest = createHash('sha256').update(JSON.stringify(document)).digest('hex');
  return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${digest.slice(0, 32).toUpperCase()}` }];
}

export const openApiDocument: object = {
  paths: Object.fromEntries([
    locate(`apis/${groupVersion}`, openApiGroupDocument),
    locate(metricsOpenApiPath, metricsOpenApi),
  ]),
};
