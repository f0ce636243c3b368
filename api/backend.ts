/** Backend: one place that rules of routes can send to. Never carries a credential. */
import { Type, type Static } from 'typebox';
import { choice, flag, integer, list, record, text } from './field.ts';
import { columns, statusOf, type KindDefinition, type Resource } from './resource.ts';
import { upstreamHostRules } from './rule.ts';

const spec = record(
  'spec is the backend as it should be.',
  {
    type: Type.Optional(
      choice('type is Upstream for a host; unset means Upstream.', ['Upstream', 'InferencePool'], {
        default: 'Upstream',
      }),
    ),
    schema: Type.Optional(
      record('schema is the API it speaks; unset means it is no place for calls of AIProviderRoutes.', {
        name: choice('name is the provider whose API it is.', [
          'openai',
          'anthropic',
          'google',
          'azure-openai',
          'bedrock',
        ]),
      }),
    ),
    upstream: Type.Optional(
      record('upstream is the host for type Upstream.', {
        host: text('host is a name or an address.', {
          rules: upstreamHostRules,
        }),
        port: Type.Optional(
          integer('port is the TCP port; unset means 443, and 80 where scheme is http.', {
            min: 1,
            max: 65_535,
          }),
        ),
        scheme: Type.Optional(
          choice(
            'scheme is https, or http for a server in the cluster that has no TLS: it is dialled at private addresses alone, which an EgressL4Route or a pin opens, never with a credential, and what an agent brings as one over TLS is left out. EgressL4Routes send bytes as they come, whatever it is. Unset means https.',
            ['https', 'http'],
          ),
        ),
      }),
    ),
    inferencePoolRef: Type.Optional(
      record('inferencePoolRef is the pool for type InferencePool.', {
        group: Type.Optional(text('group is its API group; unset means inference.networking.x-k8s.io.')),
        kind: Type.Optional(text('kind is its kind; unset means InferencePool.', { max: 63 })),
        name: text('name is the pool.'),
      }),
    ),
    modelRewrites: Type.Optional(
      list(
        'modelRewrites rename models, the first match wins; unset means names stay.',
        record('ModelRewrite is one renaming.', {
          from: text('from is a glob of model names.'),
          to: text('to is the new name.'),
        }),
        { max: 32 },
      ),
    ),
    bodyMutation: Type.Optional(
      record('bodyMutation changes requests on the way; unset means it does not.', {
        ensureStreamUsage: Type.Optional(
          flag('ensureStreamUsage asks OpenAI-shaped streams to report usage; unset means it does not.'),
        ),
      }),
    ),
  },
  {
    rules: [
      {
        rule: "(self.type == 'Upstream') == has(self.upstream) && (self.type == 'InferencePool') == has(self.inferencePoolRef)",
        message: 'set exactly the block of the backend type: upstream or inferencePoolRef',
      },
    ],
  },
);

const status = statusOf({});

export type BackendSpec = Static<typeof spec>;
export type BackendStatus = Static<typeof status>;
export type Backend = Resource<BackendSpec, BackendStatus>;

export const backend: KindDefinition = {
  kind: 'Backend',
  plural: 'backends',
  shortName: 'be',
  description: 'Backend is one place that rules of routes can send to.',
  spec,
  status,
  columns: columns(
    [
      { name: 'Type', type: 'string', jsonPath: '.spec.type' },
      { name: 'Schema', type: 'string', jsonPath: '.spec.schema.name' },
    ],
    [{ name: 'Host', type: 'string', jsonPath: '.spec.upstream.host' }],
  ),
};
