/**
 * The full YAML parser, with bounds of its own: how deep a document is nested is looked at while its tokens are made,
 * because the composer behind them recurses, and near the end of the stack V8 ends the whole process.
 */
import {
  Composer,
  Lexer,
  LineCounter,
  Parser,
  type CST,
  type Document,
  type ParsedNode,
  type Tags,
} from 'yaml';
import { maxDepth, ValueFault } from './yaml-value.ts';

export interface ParsedText {
  readonly document: Document.Parsed<ParsedNode>;
  readonly lines: LineCounter;
  /** Where something follows the end of the document; kubectl would not read it. */
  readonly after: number | undefined;
}

// The parser opens a token or two for each level.
const maxTokens = 2 * maxDepth + 50;

const foreignTags = new Set(['timestamp', 'binary', 'omap', 'pairs', 'set']);

/** go-yaml, which kubectl uses, knows no sexagesimal numbers either. */
function jsonTags(tags: Tags): Tags {
  return tags.filter((tag) => {
    if (typeof tag === 'string') return !foreignTags.has(tag);
    return tag.format !== 'TIME' && !foreignTags.has(tag.tag.replace('tag:yaml.org,2002:', ''));
  });
}

const options = {
  version: '1.1',
  customTags: jsonTags,
  logLevel: 'silent',
  // Compared by the reader of values, which takes one look a key; the composer compares every two.
  uniqueKeys: false,
} as const;

function* boundedTokens(text: string, lines: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > maxTokens)
      throw new ValueFault(`is nested deeper than ${maxDepth}`, { range: [parser.offset] });
  }
  yield* parser.end();
}

export function parseYaml(text: string): ParsedText {
  const lines = new LineCounter();
  const [document, ...more] = new Composer<ParsedNode>(options).compose(
    boundedTokens(text, lines),
    true,
    text.length,
  );
  if (document === undefined) throw new ValueFault('is no YAML');
  const next = more.find(({ contents, errors }) => contents !== null || errors.length > 0);
  return { document, lines, after: next?.range[0] };
}
