/**
 * The ConfigMap patch for Argo CD, from the scripts in gitops/argocd: health for the whole group by a wildcard, actions
 * by kind, and no refresh for changes of status alone (Argo still follows when the health changes with it).
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

const group = 'clrk.apoxy.dev';

interface Action {
  readonly name: string;
  readonly 'action.lua': string;
}

function actionsOf(folder: string): string {
  const definitions: Action[] = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, 'action.lua': readFileSync(join(folder, name, 'action.lua'), 'utf8') }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const discovery = readFileSync(join(folder, 'discovery.lua'), 'utf8');
  return stringify({ 'discovery.lua': discovery, definitions }, { lineWidth: 0 });
}

/** `customizations`: the folder in the layout of Argo CD's own repository. */
export function argocdConfigMap(customizations: string): string {
  const health = readFileSync(join(customizations, group, '_/health.lua'), 'utf8');
  const ofGroup = { 'health.lua': health, ignoreResourceUpdates: 'jsonPointers:\n  - /status\n' };
  const kinds = readdirSync(join(customizations, group)).filter((kind) =>
    existsSync(join(customizations, group, kind, 'actions')),
  );
  const actions = kinds
    .toSorted()
    .map((kind) => [
      `resource.customizations.actions.${group}_${kind}`,
      actionsOf(join(customizations, group, kind, 'actions')),
    ]);
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm', namespace: 'argocd', labels: { 'app.kubernetes.io/part-of': 'argocd' } },
    data: {
      'resource.customizations': stringify({ [`${group}/*`]: ofGroup }, { lineWidth: 0 }),
      ...Object.fromEntries(actions),
    },
  };
  const comment =
    '# Merge into your argocd-cm: kubectl apply --server-side --field-manager=clrk -f argocd-cm.yaml\n';
  return comment + stringify(configMap, { lineWidth: 0 });
}
