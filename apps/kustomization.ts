/**
 * Lists a folder's manifests for kustomize. The file is named `Kustomization`, which kustomize, Argo CD and Flux read
 * like kustomization.yaml, but which `kubectl apply -f <folder>` leaves alone: it is no Kubernetes object.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function kustomizationOf(files: readonly string[]): string {
  const resources = files.filter((name) => name.endsWith('.yaml')).toSorted();
  const lines = ['apiVersion: kustomize.config.k8s.io/v1beta1', 'kind: Kustomization', 'resources:'];
  return `${[...lines, ...resources.map((name) => `  - ${name}`)].join('\n')}\n`;
}

export function writeKustomization(folder: string): void {
  writeFileSync(join(folder, 'Kustomization'), kustomizationOf(readdirSync(folder)));
}
