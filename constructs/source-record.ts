/**
 * Which line of the program made each object: noted when the construct is made, written at synth as `clrk-sources.json`
 * beside the manifests, so that `clrk validate` points at TypeScript. The file holds places on this machine's checkout
 * and is never committed. It must never fail a synth: without a place, findings have their YAML line.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
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
// `at f (/a/b.ts:1:2)`, `at file:///a/b.ts:1:2`, `at f (C:\\a\\b.ts:1:2)`.
const framePattern = /^at (?:async )?(?:[^(]* \()?((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/]).*):(\d+):(\d+)\)?$/;
// As frames have it: this file runs as a module here and as CommonJS where it is installed.
const ownFolder = folderOf(placeOf(new Error().stack?.split('\n')[1] ?? '')?.file ?? '');

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

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Undefined for a frame in no file. */
function placeOf(frame: string): Place | undefined {
  const [, at = '', line, column] = framePattern.exec(frame.trim()) ?? [];
  if (at === '') return undefined;
  try {
    const file = at.startsWith('file:') ? fileURLToPath(at) : at;
    return { file, line: Number(line), column: Number(column) };
  } catch {
    return undefined;
  }
}

function folderOf(file: string): string {
  return file.slice(0, Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')));
}

function isOurs(file: string): boolean {
  return folderOf(file) === ownFolder || /[\\/]node_modules[\\/]/.test(file);
}

/** Of the first frame outside this package and node_modules. */
export function callerOf(stack: string): Place | undefined {
  return stack
    .split('\n')
    .map(placeOf)
    .find((place) => place !== undefined && !isOurs(place.file));
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
      file: relative(process.cwd(), caller.file).split(sep).join('/'),
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
