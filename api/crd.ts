/**
 * Renders a kind as a CustomResourceDefinition. Copies only keywords a structural schema may have, so that nothing of
 * TypeBox's own reaches the API server.
 */
import { apiCategory, apiGroup, apiVersionName } from './group.ts';
import { notEnforcedNotes } from './not-enforced-notes.ts';
import type { KindDefinition, NameRule } from './resource.ts';

const scalars = [
  'type',
  'description',
  'format',
  'pattern',
  'enum',
  'default',
  'anyOf',
  'required',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'maxProperties',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
] as const;

type Json = Record<string, unknown>;

export function structural(schema: object): Json {
  const source = schema as Json;
  const result: Json = {};
  for (const key of scalars) if (source[key] !== undefined) result[key] = source[key];
  for (const key of ['items', 'additionalProperties']) {
    const inner = source[key];
    if (typeof inner === 'object' && inner !== null) result[key] = structural(inner);
  }
  const properties = source['properties'];
  if (typeof properties === 'object' && properties !== null) {
    result['properties'] = Object.fromEntries(
      Object.entries(properties as Record<string, object>).map(([name, inner]) => [name, structural(inner)]),
    );
  }
  return result;
}

/** The schema's part at a path of the notes: `spec.rules[].filters`. */
function partAt(root: Json, path: string): Json | undefined {
  let part: Json | undefined = root;
  for (const step of path.split('.')) {
    const isList = step.endsWith('[]');
    const properties = part?.['properties'] as Record<string, Json> | undefined;
    part = properties?.[isList ? step.slice(0, -'[]'.length) : step];
    if (isList) part = part?.['items'] as Json | undefined;
  }
  return part;
}

/** `kubectl explain` says what is not carried out. Throws for a note about a field that the kind does not have. */
function withNotes(kind: string, schema: Json): Json {
  for (const { path, note } of notEnforcedNotes.filter((each) => each.kind === kind)) {
    const part = partAt(schema, path);
    if (part === undefined) throw new TypeError(`${kind} has no field ${path}`);
    part['description'] = `${String(part['description'])} ${note}`;
  }
  return schema;
}

/** The one thing a CRD may say of metadata. Under a field of its own, so that an object made before still takes a status. */
function metadataSchema(name: NameRule | undefined): Json {
  return {
    type: 'object',
    ...(name === undefined ? {} : { properties: { name: { type: 'string', ...name } } }),
  };
}

export function customResourceDefinition(definition: KindDefinition): Json {
  const {
    kind,
    plural,
    shortName,
    description,
    name,
    spec,
    status,
    columns,
    scale,
    categories = [],
  } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${apiGroup}` },
    spec: {
      group: apiGroup,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: [apiCategory, ...categories],
      },
      scope: 'Namespaced',
      versions: [
        {
          name: apiVersionName,
          served: true,
          storage: true,
          subresources: { status: {}, ...(scale === undefined ? {} : { scale: { ...scale } }) },
          additionalPrinterColumns: columns,
          schema: {
            openAPIV3Schema: withNotes(kind, {
              type: 'object',
              description,
              required: ['spec'],
              properties: {
                apiVersion: {
                  type: 'string',
                  description: 'apiVersion is the version of this representation.',
                },
                kind: { type: 'string', description: `kind is ${kind}.` },
                metadata: metadataSchema(name),
                spec: structural(spec),
                status: structural(status),
              },
            }),
          },
        },
      ],
    },
  };
}
