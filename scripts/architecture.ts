/**
 * The pictures of docs/architecture.md, drawn from the code: which folder may import which, which room of the gateway imports
 * which, and the states of one exchange. Pure; text between the markers is replaced, the rest is a person's.
 */
import { acceptedEvents, followingStates } from '../egress/index.ts';
import { limitRows } from '../ingress/index.ts';
import { folderGraph, type FolderGraph } from './folder-graph.ts';
import { allowedImports } from './folder-table.ts';
import type { SourceFile } from './source-files.ts';

const fence = (lines: readonly string[]): string => ['```mermaid', ...lines, '```'].join('\n');

/** Folders that may import everything say nothing in a picture. */
function folderPicture(): string {
  const narrow = Object.entries(allowedImports).filter(([, to]) => !to.includes('*'));
  const lines = narrow.flatMap(([from, to]) => to.map((each) => `  ${from} --> ${each}`));
  return fence(['flowchart TD', ...lines]);
}

function roomPicture(graph: FolderGraph): string {
  const lines = [...graph].flatMap(([from, to]) =>
    from === 'index' ? [] : to.map((each) => `  ${from} --> ${each}`),
  );
  return fence(['flowchart TD', ...lines]);
}

function statePicture(): string {
  const moves = Object.entries(followingStates).flatMap(([from, to]) =>
    [...to].map((each) => `  ${from} --> ${each}`),
  );
  return fence(['stateDiagram-v2', '  [*] --> deciding', ...moves, '  done --> [*]']);
}

function eventTable(): string {
  const rows = Object.entries(acceptedEvents).map(
    ([state, events]) =>
      `| \`${state}\` | ${[...events].map((each) => `\`${each}\``).join(', ') || 'nothing'} |`,
  );
  return ['| in this state | these are accepted; all else is dropped |', '|---|---|', ...rows].join('\n');
}

function limitTable(): string {
  const rows = limitRows.map((row) => `| ${row.join(' | ')} |`);
  return ['| of the front door | bound | what is over |', '|---|---|---|', ...rows].join('\n');
}

/** Each generated part by its name. */
export function architectureParts(files: readonly SourceFile[]): ReadonlyMap<string, string> {
  return new Map([
    ['folders', folderPicture()],
    ['gateway rooms', roomPicture(folderGraph(files, 'egress'))],
    ['exchange states', statePicture()],
    ['exchange events', eventTable()],
    ['ingress limits', limitTable()],
  ]);
}

/** The page with its generated parts anew. Throws for a part the page has no place for. */
export function renderParts(path: string, page: string, parts: ReadonlyMap<string, string>): string {
  let text = page;
  for (const [name, part] of parts) {
    const begin = `<!-- generated: ${name} -->`;
    const end = `<!-- end: ${name} -->`;
    const [before, rest] = text.split(begin);
    const after = rest?.split(end)[1];
    if (before === undefined || after === undefined) {
      throw new Error(`${path} has no place for "${name}" (${begin} … ${end})`);
    }
    text = `${before}${begin}\n\n${part}\n\n${end}${after}`;
  }
  return text;
}
