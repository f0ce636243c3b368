/**
 * Puts a folder's manifests in the order they can be applied in, and lists them for kustomize. The list is named
 * `Kustomization`, which kustomize, Argo CD and Flux read like kustomization.yaml, but which `kubectl apply -f <folder>`
 * leaves alone: it is no Kubernetes object.
 */
import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function kustomizationOf(files: readonly string[], bases: readonly string[] = []): string {
  const resources = files.filter((name) => name.endsWith('.yaml')).toSorted();
  const lines = ['apiVersion: kustomize.config.k8s.io/v1beta1', 'kind: Kustomization', 'resources:'];
  return `${[...lines, ...[...bases, ...resources].map((name) => `  - ${name}`)].join('\n')}\n`;
}

export function writeKustomization(folder: string, bases: readonly string[] = []): void {
  writeFileSync(join(folder, 'Kustomization'), kustomizationOf(readdirSync(folder), bases));
}

/** `kubectl apply -f <folder>` goes by file name: what everything else lives in must sort first. */
export function namespacesFirst(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith('Namespace.')) renameSync(join(folder, name), join(folder, `0-${name}`));
  }
}
