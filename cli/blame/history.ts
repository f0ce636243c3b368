/**
 * The commits that touched a folder of manifests, and what the manifests of one come to: the digests of its gateways and where each
 * object is written. git is asked with argument arrays only, and nothing in the repository is changed.
 */
import { resolve } from 'node:path';
import { errorMessage, gatewayPolicyDigest } from '../../contract/index.ts';
import { loadManifests, objectKey, type Manifest, type ReachDocuments } from '../../policy/index.ts';
import { git, nearestFolder, openBase } from '../reach/base.ts';
import { place } from '../reach/compiled-object.ts';
import { setsOf, type Compile, type SetOptions } from '../reach/manifest-sets.ts';
import { undecided, UndecidedError } from '../reach/undecided.ts';

export interface Commit {
  /** 40 or 64 hex digits. */
  readonly hash: string;
  readonly author: string;
  /** RFC 3339. */
  readonly date: string;
  readonly subject: string;
}

/** An object as its manifest has it. */
export interface Written {
  /** `file:line:column`. */
  readonly place: string;
  /** The line of a program that made it, where synth has left a note of it; else undefined. */
  readonly source: string | undefined;
  /** The whole of it, to compare. */
  readonly text: string;
}

export interface Content {
  /** By digest: `namespace/name` of the gateway that decides so. */
  readonly gateways: ReadonlyMap<string, string>;
  /** By `Kind/namespace/name`. */
  readonly objects: ReadonlyMap<string, Written>;
  /** Something of it could not be read. */
  readonly isPartial: boolean;
}

const empty: Content = { gateways: new Map(), objects: new Map(), isPartial: false };

export interface CommitList {
  /** Newest first. */
  readonly list: readonly Commit[];
  /** There is none that is older: neither left out, nor missing in a shallow clone. */
  readonly isWhole: boolean;
}

/** At most so many. Throws HISTORY_MISSING where git tells none. */
export async function commitsOf(path: string, most: number): Promise<CommitList> {
  const folder = nearestFolder(resolve(path));
  const format = '--format=%H%x1f%an%x1f%aI%x1f%s';
  try {
    const told = await git(folder, 'log', '-z', format, `--max-count=${most + 1}`, '--', resolve(path));
    const shallow = await git(folder, 'rev-parse', '--is-shallow-repository');
    const all = told
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => {
        const [hash = '', author = '', date = '', subject = ''] = line.split('\x1f');
        return { hash, author, date, subject };
      });
    return { list: all.slice(0, most), isWhole: all.length <= most && shallow.trim() === 'false' };
  } catch (error) {
    const why = `the history of ${path} cannot be had: ${gitWords(error)}`;
    throw undecided(
      'HISTORY_MISSING',
      [why],
      'Run it in the git repository where the manifests are committed.',
    );
  }
}

/** What git itself says of a failure. */
function gitWords(error: unknown): string {
  const message = errorMessage(error);
  if (message.includes('ENOENT')) return 'git is not installed';
  const lines = message.split('\n').filter((line) => line !== '');
  return (lines.find((line) => line.startsWith('fatal: ')) ?? lines[0] ?? '').replace(/^fatal: /, '');
}

export interface HistoryOptions extends SetOptions {
  readonly path: string;
  readonly compile: Compile;
}

function gatewaysOf({ gateways }: ReachDocuments): Array<readonly [string, string]> {
  return gateways.map((each) => [
    gatewayPolicyDigest(each),
    `${each.gateway.namespace}/${each.gateway.name}`,
  ]);
}

function sourceOf({ source }: Manifest): string | undefined {
  return source && `${source.file}:${source.line}:${source.column} (${source.construct})`;
}

/** What a folder holds as it is. */
export function contentOf(folder: string, { compile, path: _path, ...options }: HistoryOptions): Content {
  const loaded = loadManifests([folder], options);
  const objects = new Map(
    loaded.manifests.map((manifest) => [
      objectKey(manifest),
      {
        place: place(manifest, []).replace(`${folder}/`, ''),
        source: sourceOf(manifest),
        text: JSON.stringify(manifest.value),
      },
    ]),
  );
  try {
    const { sets, unseen } = setsOf(folder, loaded, { compile, assumePartial: true });
    const gateways = new Map(sets.flatMap(({ documents }) => gatewaysOf(documents)));
    return { gateways, objects, isPartial: unseen.length > 0 };
  } catch (error) {
    if (!(error instanceof UndecidedError)) throw error;
    return { gateways: new Map(), objects, isPartial: true };
  }
}

export class History {
  readonly #options: HistoryOptions;
  readonly #known = new Map<string, Content>();
  #partial = 0;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** Commits of which something could not be read. */
  get partial(): number {
    return this.#partial;
  }

  async at({ hash }: Commit): Promise<Content> {
    const known = this.#known.get(hash);
    if (known !== undefined) return known;
    const fresh = await this.#read(hash);
    if (fresh.isPartial) this.#partial += 1;
    this.#known.set(hash, fresh);
    return fresh;
  }

  async #read(hash: string): Promise<Content> {
    using base = await openBase(this.#options.path, hash);
    if (base.folder === undefined) return empty;
    const content = contentOf(base.folder, this.#options);
    return base.unseen.length === 0 ? content : { ...content, isPartial: true };
  }
}
