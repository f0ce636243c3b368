/**
 * Flux's own controllers against the development platform: agents really become Ready there, and it is up in seconds.
 * Everything is in directories of this run and gone afterwards, whatever happens.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { parse, stringify } from 'yaml';
import { buildExampleImage } from '../../../examples/images/index.ts';
import { homePaths } from '../../../local/home.ts';
import { repositoryRoot } from '../../../local/root.ts';
import { provideTools } from '../../../local/tool-paths.ts';
import { pushImage } from '../../../oci/index.ts';
import { proofTool } from '../cluster/proof-tools.ts';
import { mustRun, runTool } from '../cluster/run-tool.ts';

declare module 'vitest' {
  interface ProvidedContext {
    fluxKubeconfig: string;
    /** gitops.sh and the environment it runs in. */
    gitops: { readonly script: string; readonly environment: Readonly<Record<string, string>> };
  }
}

// A first build compiles Flux and Argo CD.
const buildMs = 60 * 60_000;
const upMs = 10 * 60_000;

export type Tool = 'up' | 'argo-up';

const programs = {
  up: ['source-controller', 'kustomize-controller', 'gitserve'],
  'argo-up': ['argocd', 'miniredis'],
};

/** The script keeps what it built; asking it again would compile its small programs anew. */
function isBuilt(tool: Tool): boolean {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const bin = join(process.env['WORK'] ?? join(cache, 'gitops-proof'), 'bin');
  return programs[tool].every((name) => existsSync(join(bin, name)));
}

export async function setUpGitops(project: TestProject, tool: Tool): Promise<() => Promise<void>> {
  const script = proofTool('gitops.sh');
  if (script === undefined) throw new Error('no gitops.sh: set CLRK_PROOF_TOOLS to its folder');
  const folder = mkdtempSync(join(tmpdir(), 'clrk-gitops-'));
  const home = homePaths(folder);
  const toolPath = await provideTools((_, work) => work(() => undefined));
  const environment = {
    CLRK_HOME: home.root,
    PATH: `${dirname(toolPath('kubectl'))}:${process.env['PATH'] ?? ''}`,
    INTERVAL: '3s',
    // Far longer than a fault takes to be Stalled: what fails before it has failed fast.
    TIMEOUT: '10m',
    FLUX_GATES: 'CancelHealthCheckOnNewRevision=true',
    ARGO_CM: join(folder, 'argocd-cm.yaml'),
  };
  // The script takes the entries alone.
  const { data } = parse(readFileSync(join(repositoryRoot, 'dist/argocd/argocd-cm.yaml'), 'utf8')) as {
    data: object;
  };
  writeFileSync(environment.ARGO_CM, stringify(data));
  const clrk = [join(repositoryRoot, 'bin/clrk.mjs'), 'dev'];
  const down = async (): Promise<void> => {
    await runTool(script, ['down'], { environment, timeoutMs: upMs });
    await runTool(process.execPath, [...clrk, 'down'], { environment, timeoutMs: upMs });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    if (!isBuilt(tool)) await mustRun(script, ['build'], { environment, timeoutMs: buildMs });
    await mustRun(process.execPath, [...clrk, 'up'], { environment, timeoutMs: upMs });
    const { name } = await buildExampleImage('hello', { output: home.images });
    await pushImage({ name, layout: home.images, plainHttp: true });
    await mustRun(script, [tool, home.kubeconfig], { environment, timeoutMs: upMs });
  } catch (error) {
    await down();
    throw error;
  }
  project.provide('fluxKubeconfig', home.kubeconfig);
  project.provide('gitops', { script, environment });
  return down;
}

export default (project: TestProject): Promise<() => Promise<void>> => setUpGitops(project, 'up');
