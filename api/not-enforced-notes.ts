/** Generated from contract/capability.ts by `npm run generate`. Do not edit. What descriptions of fields add. */
export const notEnforcedNotes: ReadonlyArray<{
  readonly kind: string;
  readonly path: string;
  readonly note: string;
}> = [
  {
    kind: 'Backend',
    path: 'spec.type',
    note: 'InferencePool is not carried out: gateways of this version dial hosts alone: a rule that has no other Backend takes no call.',
  },
  {
    kind: 'Backend',
    path: 'spec.inferencePoolRef',
    note: 'Not carried out: gateways of this version dial hosts alone: a rule that has no other Backend takes no call.',
  },
  {
    kind: 'CLRKConfig',
    path: 'spec.notifications',
    note: 'Not carried out: this version contacts nobody: no registration, no advisories, no reports.',
  },
  {
    kind: 'TaskAgent',
    path: 'spec.state.backend',
    note: 'Not carried out: state is a directory, whatever is written here.',
  },
  { kind: 'TaskAgent', path: 'spec.streaming.enabled', note: 'Not carried out: output is always streamed.' },
  {
    kind: 'WorkerPool',
    path: 'spec.warmPool',
    note: 'Not carried out: workers keep warm sandboxes of agents, not of pools.',
  },
  {
    kind: 'WorkerPool',
    path: 'spec.imageCache.enabled',
    note: 'Not carried out: workers always keep images.',
  },
  {
    kind: 'TaskAgent',
    path: 'spec.template.metadata.name',
    note: 'Not carried out: what is made of the template has a name of its own.',
  },
  {
    kind: 'DaemonAgent',
    path: 'spec.template.metadata.name',
    note: 'Not carried out: what is made of the template has a name of its own.',
  },
  {
    kind: 'WorkerPool',
    path: 'spec.template.metadata.name',
    note: 'Not carried out: what is made of the template has a name of its own.',
  },
  {
    kind: 'TaskAgent',
    path: 'spec.template.spec.env[].valueFrom.fieldRef.apiVersion',
    note: 'Not carried out: fieldPath is read as one of v1.',
  },
  {
    kind: 'DaemonAgent',
    path: 'spec.template.spec.env[].valueFrom.fieldRef.apiVersion',
    note: 'Not carried out: fieldPath is read as one of v1.',
  },
  {
    kind: 'AgentSandboxRevision',
    path: 'spec.env[].valueFrom.fieldRef.apiVersion',
    note: 'Not carried out: fieldPath is read as one of v1.',
  },
  {
    kind: 'EgressGateway',
    path: 'spec.upstreamTLS.additionalTrustBundleSecretRef.namespace',
    note: 'Not carried out: the Secret is read in the namespace of the object that names it.',
  },
  {
    kind: 'EgressGateway',
    path: 'spec.listeners[].tls.caCertRef.namespace',
    note: 'Not carried out: the Secret is read in the namespace of the object that names it.',
  },
  {
    kind: 'CredentialInjectionPolicy',
    path: 'spec.secretRef.namespace',
    note: 'Not carried out: the Secret is read in the namespace of the object that names it.',
  },
];
