/** Rows and columns of the agents' matrix: programs of others' making, ways to start them, and the objects they need. Pure. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskAgentSpec } from '../../api/task-agent.ts';
import type { KubeObject } from '../../local/kube/object.ts';
import { images, namespace, taskAgent } from './agents.ts';
import { programs } from './program-files.ts';
import { programImages } from './program-images.ts';

type Template = TaskAgentSpec['template']['spec'];

export interface Program {
  readonly name: string;
  /** As the page calls it. */
  readonly title: string;
  readonly provider: 'openai' | 'anthropic' | 'google';
  /** `words`: how it lives (see test/e2e/program), and its question. */
  readonly template: (words: readonly string[]) => Template;
}

const imageOf = (image: string, ...first: string[]): Program['template'] => {
  return (words) => ({ image, args: [...first, ...words] });
};

const shell: Program['template'] = (words) => {
  const script = readFileSync(join(programs, 'shell.sh'), 'utf8');
  return { image: images.shell, command: ['/bin/sh', '-c', script, 'agent'], args: [...words] };
};

export const matrixPrograms: readonly Program[] = [
  { name: 'shell', title: 'Shell: busybox, curl', provider: 'openai', template: shell },
  ...(['openai', 'anthropic', 'google'] as const).map((provider) => ({
    name: `python-${provider}`,
    title: `Python: \`${provider === 'google' ? 'google-genai' : provider}\``,
    provider,
    template: imageOf(programImages.python, `/app/${provider}_agent.py`),
  })),
  {
    name: 'vercel',
    title: 'Node: Vercel AI SDK (`ai`, `@ai-sdk/openai`)',
    provider: 'openai',
    template: imageOf(programImages.vercel),
  },
  {
    name: 'langchain',
    title: 'Node: LangChain (`@langchain/openai`)',
    provider: 'openai',
    template: imageOf(programImages.langchain),
  },
  {
    name: 'go',
    title: 'Go: static binary, `net/http`',
    provider: 'openai',
    template: imageOf(programImages.go),
  },
  {
    name: 'java',
    title: 'Java: `java.net.http`',
    provider: 'openai',
    template: imageOf(programImages.java),
  },
];

/** Ways a call finds its sandbox, as the run's record names them. */
export const callModes = ['cold', 'Created', 'Started', 'Snapshot', 'Resident'] as const;
export type CallMode = (typeof callModes)[number];

export const agentName = (program: Program, mode: CallMode | 'daemon'): string =>
  `${program.name}-${mode.toLowerCase()}`;

export function taskOf(program: Program, mode: CallMode): KubeObject {
  const warm = mode === 'cold' ? {} : { warmPoolSize: 1, warmPoolMode: mode };
  const words = mode === 'Resident' ? ['loop'] : ['once'];
  return taskAgent(agentName(program, mode), program.template(words), {
    ...warm,
    // Some SDKs load thousands of modules, beside three more of the same that start.
    timeout: '180s',
    ...(mode === 'Resident' ? { delivery: { mode: 'Metadata' } } : {}),
  });
}

export function daemonOf(program: Program, question: string): KubeObject {
  const object = {
    apiVersion: 'clrk.apoxy.dev/v1alpha1',
    kind: 'DaemonAgent',
    metadata: { name: agentName(program, 'daemon'), namespace },
    spec: {
      template: { spec: program.template(['daemon', question]) },
      workerPoolRef: 'default',
      egressRefs: [{ gatewayRef: 'default' }],
    },
  };
  return object;
}

/** What the examples' gateway needs to open a provider and put the Secret's key on. */
export function openProvider(provider: 'anthropic' | 'google', headerName: string): readonly KubeObject[] {
  const apiVersion = 'clrk.apoxy.dev/v1alpha1';
  const metadata = { name: `matrix-${provider}`, namespace };
  const route = {
    ...{ apiVersion, kind: 'AIProviderRoute', metadata },
    spec: {
      parentRefs: [{ group: 'clrk.apoxy.dev', kind: 'EgressGateway', name: 'default' }],
      rules: [{ matches: [{ provider }] }],
    },
  };
  const credential = {
    ...{ apiVersion, kind: 'CredentialInjectionPolicy', metadata },
    spec: {
      ...{ target: 'Header', headerName, secretRef: { name: 'openai' }, secretKey: 'token' },
      targetRefs: [{ group: 'clrk.apoxy.dev', kind: 'AIProviderRoute', name: metadata.name }],
    },
  };
  return [route, credential];
}
