/** The base layer of everything that runs on Node: this machine's Node, the libraries it needs, and the base files. */
import { baseFiles } from './base-files.ts';
import { cachedLayer, type LayerPlace } from './cached-layer.ts';
import type { WrittenLayer } from './layer-writer.ts';
import { programEntries } from './shared-libraries.ts';

export const nodePath = '/usr/local/bin/node';

/** Puts the base layer into the layout. */
export async function nodeBaseLayer(place: LayerPlace): Promise<WrittenLayer> {
  const node = await programEntries(process.execPath, { at: nodePath });
  return cachedLayer(place, 'node', [...baseFiles(), ...node]);
}
