/**
 * The cluster of the proof: the one CLRK_E2E_KUBECONFIG names (with the images of images.ts in it), else one that
 * cluster.sh makes here and that is gone afterwards, whatever happens.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildClusterImages } from './images.ts';
import { proofTool } from './proof-tools.ts';
import { mustRun } from './run-tool.ts';

declare module 'vitest' {
  interface ProvidedContext {
    clusterKubeconfig: string;
  }
}

// A first build compiles Kubernetes.
const buildMs = 40 * 60_000;
const upMs = 10 * 60_000;

async function bringUp(script: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'clrk-cluster-'));
  try {
    await mustRun(script, ['build'], { timeoutMs: buildMs });
    const layouts = await buildClusterImages(folder);
    // What an interrupted run may have left would be another cluster's state.
    await mustRun(script, ['down'], { timeoutMs: upMs });
    await mustRun(script, ['up'], { timeoutMs: upMs, environment: { WAIT: '400' } });
    for (const layout of layouts) await mustRun(script, ['image', 'import', layout], { timeoutMs: upMs });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const said = await mustRun(script, ['env']);
  return said.trim().replace(/^export KUBECONFIG=/, '');
}

export default async function setUp(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['CLRK_E2E_KUBECONFIG'];
  if (given !== undefined && given !== '') {
    project.provide('clusterKubeconfig', given);
    return undefined;
  }
  const script = proofTool('cluster.sh');
  if (script === undefined)
    throw new Error('no cluster: set CLRK_E2E_KUBECONFIG, or CLRK_PROOF_TOOLS to the folder of cluster.sh');
  const down = async (): Promise<void> => {
    await mustRun(script, ['down'], { timeoutMs: upMs });
  };
  try {
    project.provide('clusterKubeconfig', await bringUp(script));
    return down;
  } catch (error) {
    await down();
    throw error;
  }
}
