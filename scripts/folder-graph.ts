/** Which folders inside a folder import which, from the sources themselves. Pure. */
import { posix } from 'node:path';
import ts from 'typescript';
import type { SourceFile } from './source-files.ts';

/** A folder's name to those it imports, both sorted; a file at the root of `top` stands for itself. */
export type FolderGraph = ReadonlyMap<string, readonly string[]>;

function roomOf(path: string, top: string): string | undefined {
  if (!path.startsWith(`${top}/`)) return undefined;
  const [room = ''] = path.slice(top.length + 1).split('/');
  return room.replace(/\.ts$/, '');
}

export function folderGraph(files: readonly SourceFile[], top: string): FolderGraph {
  const graph = new Map<string, Set<string>>();
  for (const { path, text } of files) {
    const room = roomOf(path, top);
    if (room === undefined) continue;
    const known = graph.get(room) ?? new Set<string>();
    graph.set(room, known);
    for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
      if (!fileName.startsWith('.')) continue;
      const other = roomOf(posix.normalize(posix.join(posix.dirname(path), fileName)), top);
      if (other !== undefined && other !== room) known.add(other);
    }
  }
  return new Map([...graph].sort(([a], [b]) => (a < b ? -1 : 1)).map(([room, to]) => [room, [...to].sort()]));
}

/** Folders on a way that comes back to where it began; empty: there is none. */
export function circleIn(graph: FolderGraph): readonly string[] {
  const done = new Set<string>();
  const visit = (room: string, way: readonly string[]): readonly string[] => {
    const at = way.indexOf(room);
    if (at >= 0) return [...way.slice(at), room];
    if (done.has(room)) return [];
    for (const next of graph.get(room) ?? []) {
      const circle = visit(next, [...way, room]);
      if (circle.length > 0) return circle;
    }
    done.add(room);
    return [];
  };
  for (const room of graph.keys()) {
    const circle = visit(room, []);
    if (circle.length > 0) return circle;
  }
  return [];
}
