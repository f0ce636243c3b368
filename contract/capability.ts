/**
 * What manifests may ask for and this version does not do: the one table of it. Admission, status, `clrk validate`,
 * `clrk reach`, the documentation, the descriptions of the fields and the data planes all read it, so that none of them
 * can promise what another does not keep. A line goes when somebody carries it out. A field that is neither here nor
 * read by anybody fails a test.
 */

export interface CapabilityField {
  readonly kind: string;
  /** From the object on, `[]` for each item of a list; `spec` is the whole kind. */
  readonly path: string;
  /** Only where the field holds this. */
  readonly value?: string;
  /** Not where it holds this, which is what happens anyway; `namespace` is that of the object. */
  readonly unless?: string | boolean | { readonly metadata: 'namespace' };
}

/**
 * - `refused`: calls it is about are refused, because letting them through would be less than was asked for
 * - `ignored`: all else of the object is carried out, as if the field were not there
 * - `fixed`: the field is there for compatibility; what it would choose is always the same
 */
export type CapabilityEffect = 'refused' | 'ignored' | 'fixed';

export interface Capability {
  /** For a table of documentation. */
  readonly title: string;
  readonly fields: readonly CapabilityField[];
  readonly effect: CapabilityEffect;
  /** What happens in this version: the rest of a sentence whose beginning is the field's name. */
  readonly message: string;
  /** What to write or do, one sentence. */
  readonly instead: string;
}

const own = { metadata: 'namespace' } as const;
const templates = ['TaskAgent', 'DaemonAgent', 'WorkerPool'] as const;

export const notEnforced = {
  Translation: {
    title: 'Translation of calls that are no conversations',
    // No field asks for it by itself: a rule and its Backends do, together (translation.ts).
    fields: [],
    effect: 'ignored',
    message:
      'gateways translate conversations alone (chat completions, responses, messages, generateContent, Converse), and the rule takes other calls, of an API it does not speak',
    instead: "Use Backends whose schema is the provider of the rule's matches.",
  },
  InferencePool: {
    title: 'Inference pools as Backends',
    fields: [
      { kind: 'Backend', path: 'spec.type', value: 'InferencePool' },
      { kind: 'Backend', path: 'spec.inferencePoolRef' },
    ],
    effect: 'refused',
    message: 'gateways of this version dial hosts alone: a rule that has no other Backend takes no call',
    instead:
      'Use type Upstream with the host of a Service over the pods of the pool, and scheme http where they have no TLS.',
  },
  Notifications: {
    title: 'Notifications of the installation',
    fields: [{ kind: 'CLRKConfig', path: 'spec.notifications' }],
    effect: 'ignored',
    message: 'this version contacts nobody: no registration, no advisories, no reports',
    instead: 'Watch the releases yourself.',
  },
  StateBackend: {
    title: 'Kinds of state',
    fields: [{ kind: 'TaskAgent', path: 'spec.state.backend', unless: 'sqlite' }],
    effect: 'fixed',
    message: 'state is a directory, whatever is written here',
    instead: 'Remove it; put a database file into the directory.',
  },
  OutputStreaming: {
    title: 'Streaming as a choice',
    fields: [{ kind: 'TaskAgent', path: 'spec.streaming.enabled', unless: true }],
    effect: 'fixed',
    message: 'output is always streamed',
    instead: 'Remove it.',
  },
  PoolWarmPool: {
    title: 'Warm sandboxes of a pool',
    fields: [{ kind: 'WorkerPool', path: 'spec.warmPool' }],
    effect: 'ignored',
    message: 'workers keep warm sandboxes of agents, not of pools',
    instead: 'Set warmPoolSize on the TaskAgent.',
  },
  ImageCache: {
    title: 'Image cache as a choice',
    fields: [{ kind: 'WorkerPool', path: 'spec.imageCache.enabled', unless: true }],
    effect: 'fixed',
    message: 'workers always keep images',
    instead: 'Remove it.',
  },
  TemplateName: {
    title: 'Names in templates',
    fields: templates.map((kind) => ({ kind, path: 'spec.template.metadata.name' })),
    effect: 'fixed',
    message: 'what is made of the template has a name of its own',
    instead: 'Remove it.',
  },
  FieldVersion: {
    title: 'Versions of field references',
    fields: [
      { kind: 'TaskAgent', path: 'spec.template.spec.env[].valueFrom.fieldRef.apiVersion', unless: 'v1' },
      { kind: 'DaemonAgent', path: 'spec.template.spec.env[].valueFrom.fieldRef.apiVersion', unless: 'v1' },
      { kind: 'AgentSandboxRevision', path: 'spec.env[].valueFrom.fieldRef.apiVersion', unless: 'v1' },
    ],
    effect: 'fixed',
    message: 'fieldPath is read as one of v1',
    instead: 'Remove it.',
  },
  SecretNamespace: {
    title: 'Secrets of other namespaces',
    fields: [
      {
        kind: 'EgressGateway',
        path: 'spec.upstreamTLS.additionalTrustBundleSecretRef.namespace',
        unless: own,
      },
      { kind: 'EgressGateway', path: 'spec.listeners[].tls.caCertRef.namespace', unless: own },
      { kind: 'CredentialInjectionPolicy', path: 'spec.secretRef.namespace', unless: own },
    ],
    effect: 'fixed',
    message: 'the Secret is read in the namespace of the object that names it',
    instead: 'Remove it, and keep the Secret beside the object.',
  },
} as const satisfies Readonly<Record<string, Capability>>;

export type CapabilityName = keyof typeof notEnforced;

export const capabilities: ReadonlyArray<Capability & { readonly name: CapabilityName }> = (
  Object.keys(notEnforced) as CapabilityName[]
).map((name) => ({ name, ...notEnforced[name] }));
