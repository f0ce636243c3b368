/** The objects of docs/examples.md's coding agents, as the end-to-end tests apply them. Pure but for reading that page. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../local/kube/object.ts';
import { repositoryRoot } from '../../local/root.ts';
import { exampleSurroundings, namespace } from './agents.ts';
import { codingImages } from './coding-images.ts';

type Spec = Readonly<Record<string, unknown>>;
type Whole = KubeObject & { readonly spec: Spec };

function documentedObjects(): readonly Whole[] {
  const page = readFileSync(join(repositoryRoot, 'docs/examples.md'), 'utf8');
  const section = page.split('\n## ').find((text) => text.startsWith('Claude Code and Codex')) ?? '';
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(section) ?? [];
  return parseAllDocuments(yaml).map((each) => each.toJS() as Whole);
}

/** Where the stand-in is, and whom it is believed by: the only thing that is not the page's. */
function standInTrust(): unknown {
  const gateway = exampleSurroundings().find(({ kind }) => kind === 'EgressGateway') as Whole;
  return gateway.spec['upstreamTLS'];
}

const images: Readonly<Record<string, string>> = {
  'claude-code': codingImages.claude,
  codex: codingImages.codex,
};

function placed({ kind, metadata, spec }: Whole): Spec {
  if (kind === 'EgressGateway') return { ...spec, upstreamTLS: standInTrust() };
  if (kind === 'CredentialInjectionPolicy')
    return { ...spec, secretRef: { name: 'openai' }, secretKey: 'token' };
  if (kind !== 'TaskAgent') return spec;
  const { template } = spec as { template: { spec: object } };
  return {
    ...spec,
    workerPoolRef: 'default',
    template: { spec: { ...template.spec, image: images[metadata.name] } },
  };
}

/** In the tests' namespace, with their images, pool, Secret and stand-in. */
export function codingAgents(): readonly KubeObject[] {
  return documentedObjects().map((object) => ({
    ...object,
    metadata: { ...object.metadata, namespace },
    spec: placed(object),
  }));
}

function changed(
  agent: KubeObject,
  name: string,
  change: (args: readonly string[]) => readonly string[],
): KubeObject {
  const { spec } = agent as Whole;
  const { template } = spec as { template: { spec: { args: readonly string[] } } };
  const args = change(template.spec.args);
  const other: Whole = {
    ...agent,
    metadata: { ...agent.metadata, name },
    spec: { ...spec, template: { spec: { ...template.spec, args } } },
  };
  return other;
}

/** The same agent by another model. */
export function withModel(agent: KubeObject, name: string, model: string): KubeObject {
  return changed(agent, name, (args) => args.with(args.indexOf('--model') + 1, model));
}

/** In front of its model. */
export function withArguments(agent: KubeObject, more: readonly string[]): KubeObject {
  return changed(agent, agent.metadata.name, (args) => args.toSpliced(args.indexOf('--model'), 0, ...more));
}
