import { App } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { AgentStack, Credential, EgressGateway, Tools, WorkerPool } from '../../constructs/index.ts';
import { specOf, synth } from './chart.ts';

const image = 'ghcr.io/acme/triage:1.0.0';

describe('AgentStack', () => {
  test('alone is an agent that reaches nothing, on a worker of its own', () => {
    const stack = new AgentStack(new App(), 'triage', { image });
    expect(synth(stack).map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      'WorkerPool/triage-pool',
      'EgressGateway/triage-gateway',
      'TaskAgent/triage',
    ]);
    expect(specOf(stack, 'TaskAgent')).toMatchObject({
      workerPoolRef: 'triage-pool',
      egressRefs: [{ gatewayRef: 'triage-gateway' }],
      maxConcurrent: 10,
      timeout: '100s',
    });
  });

  test('opens what is named, in one namespace, and more through its gateway', () => {
    const stack = new AgentStack(new App(), 'triage', {
      namespace: 'agents',
      labels: { team: 'a' },
      image,
      pool: WorkerPool.fromName('shared', 'agents'),
      egress: [EgressGateway.fromName('team', 'agents')],
      providers: { openai: { models: ['gpt-4o*'], credential: Credential.bearer({ name: 'openai' }) } },
      mcp: { 'mcp.github.com': { tools: Tools.allow('search_*') } },
      hosts: ['api.github.com'],
    });
    stack.gateway.denyHost('uploads.github.com');
    const objects = synth(stack);
    expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      'EgressGateway/triage-gateway',
      'AIProviderRoute/triage-gateway-openai',
      'CredentialInjectionPolicy/triage-gateway-openai-credential',
      'MCPRoute/triage-gateway-mcp-mcp-github-com',
      'EgressL4Route/triage-gateway-hosts',
      'EgressDenyPolicy/triage-gateway-deny',
      'EgressL4Route/triage-gateway-denied',
      'TaskAgent/triage',
    ]);
    expect(new Set(objects.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['agents']));
  });

  test('two stacks fit in one namespace', () => {
    const app = new App();
    const names = ['a', 'b'].flatMap((id) =>
      synth(new AgentStack(app, id, { image, hosts: ['x.example.com'] })),
    );
    expect(new Set(names.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).size).toBe(8);
  });

  test('an id that leaves no room for names is refused', () => {
    expect(() => new AgentStack(new App(), 'a'.repeat(43), { image })).toThrow('at most 42 characters');
  });
});
