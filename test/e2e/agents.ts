/** Objects the end-to-end tests apply: agents that are one shell script or program, and what they run on. Pure. */
import { join } from 'node:path';
import type { TaskAgentSpec } from '../../api/task-agent.ts';
import { readManifests } from '../../local/kube/manifest.ts';
import type { KubeObject } from '../../local/kube/object.ts';
import { repositoryRoot } from '../../local/root.ts';

export const namespace = 'e2e';
export const images = {
  shell: 'localhost:5100/test-curl:0.1.0',
  python: 'localhost:5100/test-python:0.1.0',
  node: 'localhost:5100/test-node:0.1.0',
  hello: 'localhost:5100/hello:0.1.0',
} as const;

type Template = TaskAgentSpec['template']['spec'];

export function taskAgent(
  name: string,
  template: Template,
  more: Partial<Omit<TaskAgentSpec, 'template'>> = {},
): KubeObject {
  const spec: TaskAgentSpec = {
    template: { spec: template },
    workerPoolRef: 'default',
    egressRefs: [{ gatewayRef: 'default' }],
    timeout: '60s',
    ...more,
  };
  const object = {
    apiVersion: 'clrk.apoxy.dev/v1alpha1',
    kind: 'TaskAgent',
    metadata: { name, namespace },
    spec,
  };
  return object;
}

/** An agent that is one script; busybox and curl are there. */
export function shellAgent(
  name: string,
  script: string,
  more: Partial<Omit<TaskAgentSpec, 'template'>> = {},
): KubeObject {
  return taskAgent(name, { image: images.shell, command: ['/bin/sh', '-c', script] }, more);
}

/** Asks the model once; says how curl ended, what was answered, and what curl said of a fault. */
export const askingScript = `
code=$(curl -sS -o /tmp/answer -w '%{http_code}' -H 'Content-Type: application/json' -H 'Authorization: Bearer placeholder' \\
  -d '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}' https://api.openai.com/v1/chat/completions 2>/tmp/error)
echo "curl=$? code=$code $(cat /tmp/error)"
`;

export function secret(name: string, data: Readonly<Record<string, string>>): KubeObject {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    type: 'Opaque',
    data: Object.fromEntries(encoded) as Record<string, string>,
  } as KubeObject;
}

/** Without the models: listing them names none. */
function wholeProvider(route: KubeObject): object {
  const { spec } = route as KubeObject & { readonly spec: object };
  return { spec: { ...spec, rules: [{ matches: [{ provider: 'openai' }] }] } };
}

/** The examples' pool, gateway, route and policy, in the tests' namespace; the route opens the provider whole. */
export function exampleSurroundings(): readonly KubeObject[] {
  const objects = readManifests(join(repositoryRoot, 'dist/examples'))
    .filter(({ kind }) => kind !== 'Kustomization' && kind !== 'TaskAgent')
    .map((object) => ({
      ...object,
      ...(object.kind === 'AIProviderRoute' ? wholeProvider(object) : {}),
      metadata: { ...object.metadata, namespace },
    }));
  return [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, ...objects];
}
