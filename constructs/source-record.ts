/**
 * Which line of the program made each object: noted when the construct is made, written at synth as `clrk-sources.json`
 * beside the manifests, so that `clrk validate` points at TypeScript. The file holds places on this machine's checkout
 * and is never committed. It must never fail a synth: without a place, findings have their YAML line.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, type ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';

export const sourcesFile = 'clrk-sources.json';

interface SourceEntry {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly construct: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface Noted {
  readonly construct: Construct;
  readonly object: ApiObject;
  /** Its stack is rendered, and source-mapped, only when it is asked for. */
  readonly trace: { stack?: string };
}

const noted = new WeakMap<App, Noted[]>();
// Our own constructors, a stack or two of them, and then the caller.
const frames = 16;
const ownFolder = dirname(fileURLToPath(import.meta.url));

/** Notes where `construct` is being made. Called by the base class, from within the constructor. */
export function noteSource(construct: Construct, object: ApiObject): void {
  const { root } = construct.node;
  if (!(root instanceof App)) return;
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = frames;
  const trace: { stack?: string } = {};
  Error.captureStackTrace(trace, noteSource);
  Error.stackTraceLimit = limit;
  const known = noted.get(root);
  if (known !== undefined) {
    known.push({ construct, object, trace });
    return;
  }
  noted.set(root, [{ construct, object, trace }]);
  // Validation is the one step of synth that constructs take part in; the folder is there by then.
  root.node.addValidation({
    validate: () => {
      writeSources(root, noted.get(root) ?? []);
      return [];
    },
  });
}

/** `file:line:column` of the first frame outside this package and node_modules. */
export function callerOf(stack: string): { file: string; line: number; column: number } | undefined {
  for (const frame of stack.split('\n')) {
    const match = /(?:\(|at )(?:file:\/\/)?(\/[^()]*):(\d+):(\d+)\)?$/.exec(frame.trim());
    const [, path = '', line, column] = match ?? [];
    if (path === '' || path.startsWith(`${ownFolder}/`) || path.includes('/node_modules/')) continue;
    return { file: decodeURI(path), line: Number(line), column: Number(column) };
  }
  return undefined;
}

function entryOf({ construct, object, trace }: Noted): SourceEntry[] {
  const caller = callerOf(trace.stack ?? '');
  if (caller === undefined) return [];
  const { namespace } = object.metadata;
  return [
    {
      kind: object.kind,
      ...(namespace === undefined ? {} : { namespace }),
      name: object.name,
      construct: construct.node.path,
      file: relative(process.cwd(), caller.file),
      line: caller.line,
      column: caller.column,
    },
  ];
}

function writeSources(app: App, all: readonly Noted[]): void {
  if (!existsSync(app.outdir)) return;
  const objects = all.flatMap(entryOf).sort((a, b) => (a.construct < b.construct ? -1 : 1));
  writeFileSync(join(app.outdir, sourcesFile), `${JSON.stringify({ version: 1, objects }, null, 2)}\n`);
}
