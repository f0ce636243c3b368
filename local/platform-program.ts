/** What the platform's image is made of, as it lies on this machine: the bundle, its packages, the pinned tools. */
import { join } from 'node:path';
import { bundlePath, repositoryRoot } from './root.ts';
import { provideTools } from './tool-paths.ts';

export interface PlatformProgram {
  readonly program: string;
  readonly packages: string;
  readonly tools: Readonly<Record<string, string>>;
}

/** Tools that are missing are made first; `say` tells which. */
export async function platformProgram(say: (text: string) => void): Promise<PlatformProgram> {
  const path = await provideTools((name, work) => work((text) => say(`${name}: ${text}`)));
  return {
    program: bundlePath,
    packages: join(repositoryRoot, 'node_modules'),
    tools: { runsc: path('runsc'), 'nats-server': path('nats-server') },
  };
}
