/**
 * One JSON text of an MCP server on its way to the agent: messages, of whose lists only what the agent may use goes on. It is read
 * as strictly as a request (S46), so that no client can read a list out of it that was not seen here. Sans-io; what it holds is
 * the text and the places of what is shown of the lists in it. It decides nothing itself (decision/).
 */
import { listedKinds, type ListedKind, type McpAnswers } from '../../decision/index.ts';
import { ChunkList } from '../chunk-list.ts';
import {
  JsonScanner,
  replaceSpans,
  wantList,
  wantObject,
  wantScalar,
  type Edit,
  type JsonValue,
  type Span,
  type Wanted,
} from '../body/index.ts';

/** URIs are longer than names. */
const nameBytes = 8_192;
/** Of one text: each is judged, and a server with more sends them in pages. */
const maxEntries = 10_000;
const kinds = Object.keys(listedKinds) as ListedKind[];

function wantEntries(kind: ListedKind): Wanted {
  const { names } = listedKinds[kind];
  return wantList(kind, wantObject('entry', { [names]: wantScalar('name', nameBytes) }));
}

const message = {
  result: wantObject('result', {
    ...Object.fromEntries(kinds.map((kind) => [kind, wantEntries(kind)])),
    cacheScope: wantScalar('cacheScope'),
  }),
  error: wantObject('error', { code: wantScalar('errorCode') }),
};
const wanted = wantObject('root', message, wantObject('message', message));

const noBytes = Buffer.alloc(0);
const comma = Buffer.from(',');

export interface RpcAnswer {
  readonly text: readonly Buffer[];
  readonly isChanged: boolean;
  /** Entries of lists that do not go on. */
  readonly hidden: number;
  /** Of its last error. */
  readonly errorCode: number | undefined;
}

export class RpcAnswerReader {
  readonly #answers: McpAnswers;
  readonly #scanner: JsonScanner;
  readonly #text = new ChunkList();
  #edits: Edit[] = [];
  #name: string | undefined;
  /** Of the list under way. */
  #entries: Span[] = [];
  #names: Array<string | undefined> = [];
  #scope: JsonValue | undefined;
  #hasList = false;
  #seen = 0;
  #hidden = 0;
  #errorCode: number | undefined;

  constructor(answers: McpAnswers) {
    this.#answers = answers;
    this.#scanner = new JsonScanner(wanted, (value) => this.#take(value));
  }

  get length(): number {
    return this.#text.length;
  }

  /** False: it cannot be read in one way only. */
  push(bytes: Buffer): boolean {
    this.#text.push(bytes);
    return this.#scanner.push(bytes) === undefined;
  }

  /** The text is complete; undefined: it cannot be read. */
  end(): RpcAnswer | undefined {
    if (this.#scanner.end() !== undefined) return undefined;
    const edits = this.#edits;
    const { chunks } = this.#text;
    return {
      text: edits.length === 0 ? chunks : replaceSpans(chunks, edits),
      isChanged: edits.length > 0,
      hidden: this.#hidden,
      errorCode: this.#errorCode,
    };
  }

  #take(value: JsonValue): boolean {
    switch (value.key) {
      case 'name':
        this.#name = typeof value.value === 'string' ? value.value : undefined;
        break;
      case 'entry':
        return this.#endEntry(value);
      case 'cacheScope':
        this.#scope = value;
        break;
      case 'errorCode':
        if (typeof value.value === 'number') this.#errorCode = value.value;
        break;
      case 'result':
        this.#endResult();
        break;
      default:
        return this.#endList(value);
    }
    return true;
  }

  /** False: they are too many. */
  #endEntry({ start, end }: JsonValue): boolean {
    this.#seen += 1;
    this.#entries.push({ start, end });
    this.#names.push(this.#name);
    this.#name = undefined;
    return this.#seen <= maxEntries;
  }

  /** False: what stands where a list should is none. */
  #endList({ key, kind, start, end }: JsonValue): boolean {
    const listed = kinds.find((each) => each === key);
    if (listed === undefined) return true;
    if (kind !== 'array') return false;
    this.#hasList = true;
    const shown = this.#entries.filter((_, index) => this.#isShown(listed, this.#names[index]));
    if (shown.length < this.#entries.length) this.#cut({ start: start + 1, end: end - 1 }, shown);
    this.#hidden += this.#entries.length - shown.length;
    this.#entries = [];
    this.#names = [];
    return true;
  }

  /** What has no name that can be read is not shown. */
  #isShown(kind: ListedKind, name: string | undefined): boolean {
    return name !== undefined && this.#answers.shows(kind, name);
  }

  /** Leaves of what is between the brackets only the entries that are shown. */
  #cut(inside: Span, shown: readonly Span[]): void {
    let at = inside.start;
    for (const { start, end } of shown) {
      this.#edits.push({ start: at, end: start, bytes: at === inside.start ? noBytes : comma });
      at = end;
    }
    this.#edits.push({ start: at, end: inside.end, bytes: noBytes });
  }

  /** A list as one agent sees it is not for another's cache. */
  #endResult(): void {
    if (this.#hasList && this.#scope?.value === 'public') {
      const { start, end } = this.#scope;
      this.#edits.push({ start, end, bytes: Buffer.from('"private"') });
    }
    this.#scope = undefined;
    this.#hasList = false;
  }
}
