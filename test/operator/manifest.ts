/** Objects of ours for tests, complete enough for the CRDs' own rules. */
import { apiVersion } from '../../operator/kind.ts';
import type { KubeObject } from '../../operator/runtime/index.ts';

export function manifest(
  kind: string,
  name: string,
  spec: object,
  labels: Record<string, string> = {},
): KubeObject {
  return { apiVersion, kind, metadata: { namespace: 'default', name, labels }, spec } as KubeObject;
}

export const pool = manifest('WorkerPool', 'p', {
  replicas: 1,
  template: { image: 'clrk.apoxy.dev/clrk:0.1.0' },
});

export const gateway = manifest('EgressGateway', 'g', {
  listeners: [{ name: 'tls', protocol: 'TLS', port: 443, tls: { mode: 'Terminate' } }],
});

export const providerRoute = manifest('AIProviderRoute', 'openai', {
  parentRefs: [{ name: 'g' }],
  rules: [{ matches: [{ provider: 'openai', models: ['gpt-4o*'] }] }],
});

export const l4Route = manifest('EgressL4Route', 'db', {
  parentRefs: [{ name: 'g' }],
  rules: [{ matches: [{ destinationHostnames: ['db.example.com'], ports: [{ port: 5432 }] }] }],
});

export const policy = manifest('CredentialInjectionPolicy', 'key', {
  targetRefs: [{ group: 'clrk.apoxy.dev', kind: 'AIProviderRoute', name: 'openai' }],
  secretRef: { name: 'openai' },
  target: 'Header',
  headerName: 'Authorization',
  headerValuePrefix: 'Bearer ',
});

export const backend = manifest('Backend', 'be', {
  schema: { name: 'openai' },
  upstream: { host: 'llm.example.com' },
});

export function agent(image = 'localhost:5100/hello:0.1.0'): KubeObject {
  return manifest('TaskAgent', 'hello', {
    template: { spec: { image } },
    workerPoolRef: 'p',
    egressRefs: [{ gatewayRef: 'g' }],
  });
}
