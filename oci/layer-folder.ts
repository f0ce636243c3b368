/**
 * A layer unpacked once, for every image that has it: its files under numbers, and the list of what its entries ask for.
 * Images are made by carrying out that list again, with the files linked. Names of the image never become paths here, so
 * nothing in a layer can lead anywhere.
 *
 *     files/<number>   entries   layer.json
 */
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { Breath } from './breath.ts';
import { DiskUse } from './disk-use.ts';
import { writeContent, type EntryContent } from './file-content.ts';
import type { LayerAction } from './layer-entry.ts';
import type { LayerSink, StoredFile } from './layer-root.ts';

const layerRecordSchema = Type.Object({
  version: Type.Literal(1),
  diffId: Type.String({ pattern: '^sha256:[0-9a-f]{64}$' }),
  /** On the disk. */
  bytes: Type.Integer({ minimum: 0 }),
  inodes: Type.Integer({ minimum: 0 }),
  /** Of the tar, and entries in it: what counts against an image's limits. */
  tarBytes: Type.Integer({ minimum: 0 }),
  entries: Type.Integer({ minimum: 0 }),
});
export type LayerRecord = Static<typeof layerRecordSchema>;

const recordName = 'layer.json';
const listName = 'entries';
const flushBytes = 256 * 1024;

interface Line {
  readonly action: LayerAction;
  /** Number of the file that holds its content. */
  readonly file?: number;
}

const filePath = (directory: string, file: number): string => join(directory, 'files', String(file));

/** Fills a new directory. */
export class LayerFolderWriter implements LayerSink {
  readonly #directory: string;
  readonly #list: number;
  readonly #use = new DiskUse();
  readonly #breath = new Breath();
  #lines: string[] = [];
  #waitingBytes = 0;
  #files = 0;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(join(directory, 'files'), { mode: 0o700 });
    this.#list = openSync(join(directory, listName), 'wx', 0o600);
  }

  beginLayer(): void {
    this.#use.addDirectory();
  }

  async apply(action: LayerAction, content: EntryContent | StoredFile): Promise<void> {
    await this.#breath.take();
    if (action.kind === 'skip') return;
    if (action.kind !== 'file' || 'storedAt' in content) return this.#note({ action });
    const file = this.#files++;
    this.#use.addFile(content.storedBytes);
    await writeContent(Buffer.from(filePath(this.#directory, file)), action.size, action.owner, content);
    this.#note({ action, file });
  }

  #note(line: Line): void {
    const text = JSON.stringify(line);
    this.#use.bytes += text.length;
    this.#lines.push(text);
    this.#waitingBytes += text.length;
    if (this.#waitingBytes > flushBytes) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.from(this.#lines.map((line) => `${line}\n`).join(''));
    for (let done = 0; done < bytes.length;) done += writeSync(this.#list, bytes, done);
    this.#lines = [];
    this.#waitingBytes = 0;
  }

  finish(layer: Pick<LayerRecord, 'diffId' | 'tarBytes' | 'entries'>): LayerRecord {
    this.#flush();
    const { bytes, inodes } = this.#use;
    const record: LayerRecord = { version: 1, ...layer, bytes, inodes };
    writeFileSync(join(this.#directory, recordName), JSON.stringify(record));
    return record;
  }

  /** Also after a failure. */
  close(): void {
    closeSync(this.#list);
  }
}

/** Undefined: not a whole layer of ours. */
export function readLayerRecord(directory: string): LayerRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(directory, recordName), 'utf8'));
    return Value.Check(layerRecordSchema, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const noContent: StoredFile = { storedAt: '' };

/** Carries out what the layer's entries ask for, its files by reference. */
export async function replayLayer(directory: string, sink: LayerSink, signal: AbortSignal): Promise<void> {
  sink.beginLayer();
  const lines = createInterface({ input: createReadStream(join(directory, listName)), crlfDelay: Infinity });
  try {
    for await (const text of lines) {
      signal.throwIfAborted();
      const { action, file } = JSON.parse(text) as Line;
      await sink.apply(action, file === undefined ? noContent : { storedAt: filePath(directory, file) });
    }
  } finally {
    lines.close();
  }
}
