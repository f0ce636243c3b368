/**
 * Manifests of files and folders, each with its place. Everything that stands in the way is a finding with file and
 * line, never an exception, and never silence: what could not be read or rendered is in `problems`. The one place of
 * policy/ that reads files.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { environmentOf, type EnvironmentPath } from './environment.ts';
import { bounds, listFiles, stdinPath, type ManifestFile } from './file-list.ts';
import { kustomizationGraph } from './kustomization.ts';
import type { Manifest } from './manifest.ts';
import { ManifestReader, type ReaderContext } from './manifest-reader.ts';
import { originsIn } from './origin.ts';
import { renderFolders } from './rendered.ts';
import type { Programs } from './render-program.ts';
import { SourceMap } from './source-map.ts';
import { strays } from './stray.ts';
import type { Unseen } from './unseen.ts';
import type { Finding } from '../finding.ts';

export interface LoadedManifests {
  readonly manifests: readonly Manifest[];
  /**
   * Of the rules that leave validation undecided (the verdict on the rest is not the whole verdict), and of the rule
   * `doubled-key`, which does not.
   */
  readonly problems: readonly Finding[];
  readonly files: number;
  /** Rendered on the way, and how. */
  readonly skipped: readonly string[];
  /** Somebody said which path is which environment. */
  readonly hasEnvironments?: boolean;
}

export interface LoadOptions {
  /** Called after each file. */
  readonly onFile?: (done: number, total: number) => void;
  /** What `-` among the paths stands for. */
  readonly stdin?: string;
  /** Where objects without a namespace are applied. */
  readonly namespace?: string | undefined;
  /** Which paths are which environment. */
  readonly environments?: readonly EnvironmentPath[];
  readonly programs?: Programs;
}

export function loadManifests(
  paths: readonly string[],
  { onFile, stdin, namespace, environments = [], programs = {} }: LoadOptions = {},
): LoadedManifests {
  const { files, kustomizations, kustomized, charts, problems, folders } = listFiles(paths);
  const sources = SourceMap.read([...new Set([...folders, ...folders.map((folder) => dirname(folder))])]);
  const read = new Set([...folders, ...charts].map((folder) => resolve(folder)));
  const context = {
    sources,
    namespace,
    isRead: (folder: string) => read.has(resolve(folder)),
    unitOf: environmentOf(environments),
  };
  const reader = new ManifestReader(context);
  for (const problem of problems) tell(reader, problem, 'unreadable');
  files.forEach((file, index) => {
    readFile(reader, file, stdin);
    onFile?.(index + 1, files.length);
  });
  const graph = kustomizationGraph(kustomizations);
  const rendered = renderFolders({ kustomizations: graph.roots, charts, namespace, programs });
  const left = strays(kustomized.filter(({ path }) => !graph.isNamed(path)));
  for (const problem of [...graph.problems, ...rendered.problems, ...left]) tell(reader, problem, 'not-seen');
  const originOf = originsIn(
    kustomized.filter(({ path }) => graph.isNamed(path)),
    context,
  );
  for (const { path, unit, text } of rendered.texts) {
    const rendering = { path, unit, isMixed: false, isRendered: true };
    reader.text(text, { ...rendering, originOf: (object) => originOf(object, unit) });
  }
  return {
    manifests: reader.manifests,
    problems: reader.problems,
    files: files.length + rendered.texts.length,
    skipped: charts.map((chart) => `${chart}: a Helm chart, rendered with its own values`),
    hasEnvironments: environments.length > 0,
  };
}

/** The manifests of one text; `file` is for places. Reads nothing. */
export function parseManifestText(
  text: string,
  file: string,
): Pick<LoadedManifests, 'manifests' | 'problems'> {
  const context: ReaderContext = {
    sources: SourceMap.read([]),
    namespace: undefined,
    isRead: () => false,
    unitOf: (_, unit) => unit,
  };
  const reader = new ManifestReader(context);
  reader.text(text, { path: file, unit: file, isMixed: false });
  return reader;
}

function tell(reader: ManifestReader, { path, message, hint }: Unseen, rule: string): void {
  const location = { file: path, line: 1, column: 1 };
  reader.problem(location, { rule, message: `${basename(path)} ${message}`, hint });
}

function readFile(reader: ManifestReader, file: ManifestFile, stdin: string | undefined): void {
  if (file.path === stdinPath) {
    reader.text(stdin ?? '', { ...file, path: 'stdin' });
    return;
  }
  let text: string;
  try {
    text = decodeManifest(file.path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    const message = code.startsWith('ERR_ENCODING') ? 'is not UTF-8' : `cannot be read (${code})`;
    tell(reader, { path: file.path, message, hint: 'Check the file and its permissions.' }, 'unreadable');
    return;
  }
  reader.text(text, file);
}

function decodeManifest(path: string): string {
  const bytes = readFileSync(path);
  // A pipe has no size before it is read.
  if (bytes.length > bounds.fileBytes) throw Object.assign(new Error('too large'), { code: 'EFBIG' });
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}
