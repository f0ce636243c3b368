/**
 * `clrk image build`: an agent's source file to a runnable image in a local layout. Apart from its parts (bundle,
 * base, layers), which it only puts in order. Same source, same Node: same digest.
 */
import { parseReference, renderReference } from '../reference.ts';
import { hostArchitecture } from '../host-platform.ts';
import { bundleAgent } from './agent-bundle.ts';
import { agentUser } from './base-files.ts';
import { imageCache, imageHome } from './image-home.ts';
import { writeLayer } from './layer-writer.ts';
import { writeImage, type BuiltImage } from './layout-writer.ts';
import { nodeBaseLayer, nodePath } from './node-base.ts';
import type { TreeEntry } from './tree-entry.ts';

export interface BuildImageOptions {
  /** The agent: a TypeScript or JavaScript file. */
  readonly entry: string;
  /** The image's name, `[HOST/]NAME[:TAG]`. */
  readonly name: string;
  /** Layout directory to put it in. Default: the local image store. */
  readonly output?: string;
  /** Where base layers are kept. */
  readonly cache?: string;
  /** Further files of the image, over the bundle's layer. */
  readonly files?: readonly TreeEntry[];
}

const agentPath = 'app/agent.mjs';
/**
 * fetch parses HTTP in WebAssembly, one answer makes that code hot, and Node does not exit before it is optimized: 200 to 300 ms
 * in a sandbox for an agent that ends with its answer. This budget (V8's default: 1,800,000) still optimizes what runs on.
 */
const wasmBudget = '--wasm-tiering-budget=100000000';

/** The full name a layout holds an image under. */
export function imageName(name: string): string {
  return renderReference(parseReference(name));
}

export async function buildImage(options: BuildImageOptions): Promise<BuiltImage> {
  const layout = options.output ?? imageHome(process.env);
  const name = imageName(options.name);
  const content = await bundleAgent(options.entry);
  const base = await nodeBaseLayer({ layout, cache: options.cache ?? imageCache(process.env) });
  const bundle: TreeEntry = { kind: 'file', path: agentPath, mode: 0o644, content };
  const agent = await writeLayer(layout, [bundle, ...(options.files ?? [])]);
  return writeImage(layout, name, {
    layers: [base, agent],
    architecture: hostArchitecture(),
    config: {
      entrypoint: [nodePath, wasmBudget, `/${agentPath}`],
      cmd: [],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'NODE_ENV=production'],
      user: `${agentUser.uid}:${agentUser.gid}`,
      workingDir: '/app',
    },
    labels: { 'dev.apoxy.clrk.node.version': process.versions.node },
  });
}
