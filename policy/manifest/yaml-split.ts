/**
 * The documents of a manifest file, cut where kubectl cuts them. `---` at the start of a line ends a document whatever
 * stands around it, even a block scalar; what else begins with `---` is refused there, so it is refused here. A file that
 * begins with `{` is first taken for a stream of JSON values. One pass, linear.
 */
import { YamlDocument } from './yaml-document.ts';

const separator = '---';

/** Of the text from its first `{` on: undefined when it is not JSON values and nothing else. */
export function splitJson(text: string): YamlDocument[] | undefined {
  const documents: YamlDocument[] = [];
  let lines = 0;
  for (let at = 0; at < text.length;) {
    const start = skipBetween(text, at);
    lines += countLines(text, at, start);
    if (start === text.length) break;
    const end = endOfJson(text, start);
    if (end === undefined || !isJson(text.slice(start, end))) return undefined;
    documents.push(new YamlDocument(text.slice(start, end), { linesBefore: lines, isJson: true }));
    lines += countLines(text, start, end);
    at = end;
  }
  return documents;
}

/** Of the piece alone: a search in all of the text would go on to its end where there is no line end. */
function countLines(text: string, start: number, end: number): number {
  return text.slice(start, end).split('\n').length - 1;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** White space, and lines with `---` alone. Character by character: a pattern would need a stack as deep as the text. */
function skipBetween(text: string, from: number): number {
  let at = from;
  for (;;) {
    while (at < text.length && ' \t\r\n'.includes(text[at] ?? '')) at += 1;
    const isAtStart = at === 0 || text[at - 1] === '\n';
    if (!isAtStart || !text.startsWith(separator, at)) return at;
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    if (text.slice(at + separator.length, end).trim() !== '') return at;
    at = end;
  }
}

/** Where the object that begins at `start` ends. */
function endOfJson(text: string, start: number): number | undefined {
  if (text[start] !== '{') return undefined;
  const marks = /["{}[\]]/g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === '"') {
      const end = endOfString(text, marks.lastIndex);
      if (end === undefined) return undefined;
      marks.lastIndex = end;
      continue;
    }
    depth += mark[0] === '{' || mark[0] === '[' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return undefined;
}

function endOfString(text: string, from: number): number | undefined {
  const stop = /["\\]/g;
  stop.lastIndex = from;
  for (let mark = stop.exec(text); mark !== null; mark = stop.exec(text)) {
    if (mark[0] === '"') return stop.lastIndex;
    stop.lastIndex += 1;
  }
  return undefined;
}

const noSeparator =
  'begins with --- and text in the same line, which kubectl refuses: write the text below it';

export function splitYaml(text: string): YamlDocument[] {
  const documents: YamlDocument[] = [];
  let start = 0;
  let before = 0;
  let lines = 0;
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline + 1;
    if (text.startsWith(separator, at)) {
      documents.push(new YamlDocument(text.slice(start, at), { linesBefore: before }));
      const rest = text.slice(at + separator.length, end).trim();
      if (rest !== '' && !rest.startsWith('#'))
        documents.push(new YamlDocument('', { linesBefore: lines, fault: noSeparator }));
      start = end;
      before = lines + 1;
    }
    lines += 1;
    at = end;
  }
  documents.push(new YamlDocument(text.slice(start), { linesBefore: before }));
  return documents;
}

export function splitDocuments(text: string): YamlDocument[] {
  const bare = text.startsWith('\ufeff') ? text.slice(1) : text;
  return (bare.trimStart().startsWith('{') ? splitJson(bare) : undefined) ?? splitYaml(text);
}
