/** The cluster as the proof's files use it: stock kubectl, the project's own CLI, and waiting for what must become true. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { inject } from 'vitest';
import { repositoryRoot } from '../../../local/root.ts';
import { provideTools } from '../../../local/tool-paths.ts';
import { mustRun, runTool, type Finished, type ToolOptions } from './run-tool.ts';

/** Images unpack, probes settle, a busy machine: minutes, never forever. */
const readyMs = 5 * 60_000;
const pollMs = 1_000;

export class Cluster {
  readonly kubeconfig: string;
  readonly #kubectl: string;

  private constructor(kubeconfig: string, kubectl: string) {
    this.kubeconfig = kubeconfig;
    this.#kubectl = kubectl;
  }

  static async open(kubeconfig: string = inject('clusterKubeconfig')): Promise<Cluster> {
    const toolPath = await provideTools((_, work) => work(() => undefined));
    return new Cluster(kubeconfig, toolPath('kubectl'));
  }

  kubectl(args: readonly string[], options: ToolOptions = {}): Promise<Finished> {
    return runTool(this.#kubectl, ['--kubeconfig', this.kubeconfig, ...args], options);
  }

  /** Like `kubectl`, for what must succeed. */
  must(args: readonly string[], options: ToolOptions = {}): Promise<string> {
    return mustRun(this.#kubectl, ['--kubeconfig', this.kubeconfig, ...args], options);
  }

  /** Stock kubectl with the objects on its standard input. */
  async apply(objects: readonly object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await this.must(['apply', '--server-side', '-f', '-'], { input });
  }

  /** The command line of this repository against this cluster. */
  clrk(args: readonly string[], options: ToolOptions = {}): Promise<Finished> {
    const words = [join(repositoryRoot, 'bin/clrk.mjs'), ...args, '--kubeconfig', this.kubeconfig];
    return runTool(process.execPath, words, { timeoutMs: readyMs * 2, ...options });
  }

  async mustClrk(args: readonly string[], options: ToolOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.clrk(args, options);
    if (code === 0) return stdout;
    throw new Error(`clrk ${args.join(' ')} ended with ${code}: ${stderr.trim().slice(-1500)}`);
  }

  /** Waits for a condition; what the cluster shows when it does not come is the message. */
  async wait(condition: string, namespace: string, ...names: readonly string[]): Promise<void> {
    const timeout = `--timeout=${readyMs / 1000}s`;
    const wait = ['-n', namespace, 'wait', `--for=condition=${condition}`, timeout, ...names];
    const { code, stderr } = await this.kubectl(wait, { timeoutMs: readyMs + 30_000 });
    if (code === 0) return;
    const shown = await this.kubectl([
      'get',
      'pods,pvc,events',
      '-A',
      '-o',
      'wide',
      '--sort-by=.metadata.creationTimestamp',
    ]);
    const objects = await this.kubectl(['-n', namespace, 'get', ...names, '-o', 'yaml']);
    throw new Error(`${stderr.trim()}\n${objects.stdout.slice(-3000)}\n${shown.stdout.slice(-6000)}`);
  }

  /** A long-running kubectl (port-forward); the caller ends it. */
  start(args: readonly string[]): ChildProcess {
    return spawn(this.#kubectl, ['--kubeconfig', this.kubeconfig, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

/** Asks until `ask` gives something; rejects with `what` and its last answer. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  limitMs = readyMs,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (let last: unknown; ;) {
    const found = await ask().catch((error: unknown) => {
      last = error;
      return undefined;
    });
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not happen`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
