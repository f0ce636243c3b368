/** Manifests of a few lines, judged: which rules they break, and where. */
import { judgeManifests, parseManifestText } from '../../policy/index.ts';

export interface Told {
  readonly rule: string;
  readonly object: string;
  readonly path: string;
  readonly message: string;
}

export function judge(text: string): Told[] {
  const { manifests, problems } = parseManifestText(text, 'm.yaml');
  return [...problems, ...judgeManifests(manifests)].map(({ rule, object, path, message }) => ({
    ...{ rule, path, message },
    object: object === undefined ? '' : `${object.kind} ${object.namespace ?? ''}/${object.name}`,
  }));
}

/** Messages of one rule. */
export function messages(text: string, rule: string): string[] {
  return judge(text).flatMap((each) => (each.rule === rule ? [each.message] : []));
}

/** One document of our group, its spec in flow style. */
export function object(kind: string, name: string, spec: string, namespace = 't'): string {
  return `apiVersion: clrk.apoxy.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: ${spec}\n`;
}

export function documents(...texts: readonly string[]): string {
  return texts.join('---\n');
}

export const gateway = object('EgressGateway', 'gw', '{ listeners: [{ name: all, protocol: TCP }] }');
export const pool = object('WorkerPool', 'p', '{ template: { image: x/clrk:1 } }');
