/** What the platform's images are made of, as it lies on this machine: the bundle, its packages, the pinned tools. */
import { join } from 'node:path';
import { bundlePath, repositoryRoot } from './root.ts';
import { provideTools } from './tool-paths.ts';
import { toolTable } from './tools/tool-table.mjs';

export interface PlatformProgram {
  readonly program: string;
  readonly packages: string;
  readonly tools: Readonly<Record<string, string>>;
}

type Say = (text: string) => void;

/** A tool that is missing is made first; `say` tells which. */
async function toolPath(name: string, say: Say): Promise<string> {
  const path = await provideTools((tool, work) => work((text) => say(`${tool}: ${text}`)));
  return path(name);
}

export async function platformProgram(say: Say): Promise<PlatformProgram> {
  return {
    program: bundlePath,
    packages: join(repositoryRoot, 'node_modules'),
    tools: { runsc: await toolPath('runsc', say) },
  };
}

/** The pinned NATS, under the name the platform's StatefulSet gives it. */
export async function natsProgram(say: Say): Promise<{ readonly name: string; readonly natsServer: string }> {
  const version = toolTable.find(({ name }) => name === 'nats-server')?.version ?? '';
  return { name: `docker.io/library/nats:${version}`, natsServer: await toolPath('nats-server', say) };
}
