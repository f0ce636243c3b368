/**
 * One JSON text of an MCP server on its way to the agent: messages, of whose lists only what the agent may use goes on. It is read
 * as strictly as a request (S46), so that no client can read a list out of it that was not seen here. Sans-io; what it holds is
 * the text and the places of what is shown of the lists in it. It decides nothing itself (decision/).
 */
import { listedKinds, type ListedKind, type McpAnswers } from '../../decision/index.ts';
import { ChunkList } from '../chunk-list.ts';
import {
  digestOfText,
  JsonScanner,
  replaceSpans,
  wantList,
  wantMap,
  wantObject,
  wantPresence,
  wantScalar,
  wantWritten,
  type Edit,
  type JsonValue,
  type Span,
  type Wanted,
} from '../body/index.ts';

/** URIs are longer than names. */
const nameBytes = 8_192;
/** Entries, messages and requests of one text: each is judged, and a server with more sends them in pages. */
const maxEntries = 10_000;
/** Of 2025-11-25: an error that asks the agent's person to go to a URL before the call is made again. */
const asksElicitation = -32_042;
const kinds = Object.keys(listedKinds) as ListedKind[];

function wantEntries(kind: ListedKind): Wanted {
  const { names } = listedKinds[kind];
  return wantList(kind, wantObject('entry', { [names]: wantScalar('name', nameBytes) }));
}

const message = {
  id: wantScalar('id'),
  method: wantScalar('method'),
  params: wantPresence('params'),
  result: wantObject('result', {
    ...Object.fromEntries(kinds.map((kind) => [kind, wantEntries(kind)])),
    cacheScope: wantScalar('cacheScope'),
    // Since the revision of 2026-07-28 a server asks in its result.
    resultType: wantScalar('resultType'),
    requestState: wantWritten('state'),
    inputRequests: wantMap('inputRequests', wantObject('inputRequest', { method: wantScalar('asked') })),
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
  /** What the server asked of the agent and may not. */
  readonly denied: number;
  /** Digests of those with which it asks for input. */
  readonly states: readonly string[];
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
  /** Of the message under way. */
  #id: JsonValue['value'];
  #method: JsonValue | undefined;
  #params: JsonValue | undefined;
  /** Of its input requests, one that may not be asked. */
  #asked: string | undefined;
  #refused: string | undefined;
  #denied = 0;
  #hidden = 0;
  #errorCode: number | undefined;
  /** Of the result under way. */
  #resultType: JsonValue['value'];
  #state: string | undefined;
  readonly #states: string[] = [];

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
      denied: this.#denied,
      states: this.#states,
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
      case 'resultType':
        this.#resultType = value.value;
        break;
      case 'state':
        this.#state = value.written && digestOfText(value.written);
        break;
      case 'errorCode':
        this.#endError(value.value);
        break;
      case 'id':
        this.#id = value.value;
        break;
      case 'method':
        this.#method = value;
        break;
      case 'params':
        this.#params = value;
        break;
      case 'asked':
        this.#asked = typeof value.value === 'string' ? value.value : '';
        break;
      case 'inputRequest':
        this.#endAsked();
        return this.#counts();
      case 'root':
      case 'message':
        this.#endMessage(value);
        return this.#counts();
      case 'result':
        this.#endResult();
        break;
      default:
        return this.#endList(value);
    }
    return true;
  }

  /** False: they are too many. */
  #counts(): boolean {
    this.#seen += 1;
    return this.#seen <= maxEntries;
  }

  #endEntry({ start, end }: JsonValue): boolean {
    this.#entries.push({ start, end });
    this.#names.push(this.#name);
    this.#name = undefined;
    return this.#counts();
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
    this.#endState();
  }

  /** What is not asked of the agent brings no state back. */
  #endState(): void {
    const isAsked = this.#resultType === 'input_required' && this.#refused === undefined;
    if (this.#state !== undefined && isAsked) this.#states.push(this.#state);
    this.#state = undefined;
    this.#resultType = undefined;
  }

  #endError(code: JsonValue['value']): void {
    if (typeof code === 'number') this.#errorCode = code;
    if (Number(code) === asksElicitation) this.#ask('elicitation/create');
  }

  /** A request that does not say what it asks asks for anything. */
  #endAsked(): void {
    this.#ask(this.#asked ?? '');
    this.#asked = undefined;
  }

  #ask(method: string): void {
    if (this.#answers.mayAsk(method)) return;
    this.#refused ??= method;
    this.#denied += 1;
  }

  #endMessage({ kind, start, end }: JsonValue): void {
    const [id, method, refused] = [this.#id, this.#method, this.#refused];
    if (kind === 'object' && refused !== undefined) {
      const error = this.#answers.refuseAsking(
        typeof id === 'boolean' ? undefined : (id ?? undefined),
        refused,
      );
      this.#dropEdits(start);
      this.#edits.push({ start, end, bytes: Buffer.from(error) });
    } else if (kind === 'object' && method !== undefined && id !== undefined) this.#endRequest(method);
    this.#id = undefined;
    this.#method = undefined;
    this.#params = undefined;
    this.#refused = undefined;
  }

  /** Those of the message that starts there: none of another is behind them. */
  #dropEdits(start: number): void {
    while ((this.#edits.at(-1)?.start ?? -1) >= start) this.#edits.pop();
  }

  /**
   * What may not be asked becomes a request that no client knows, without its content: a client answers it with an error by itself,
   * so that the server does not wait, and the session lives.
   */
  #endRequest({ value, start, end }: JsonValue): void {
    const method = typeof value === 'string' ? value : '';
    if (this.#answers.mayAsk(method)) return;
    this.#denied += 1;
    this.#edits.push({ start, end, bytes: Buffer.from(JSON.stringify(`clrk.denied/${method}`)) });
    const params = this.#params;
    if (params !== undefined)
      this.#edits.push({ start: params.start, end: params.end, bytes: Buffer.from('{}') });
  }
}
