/**
 * A Content-Type or Content-Disposition, read strictly: what two parsers could split differently is no value at all. Pure,
 * linear.
 */
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const typeStart = new RegExp(`${token}(?:/${token})?`, 'y');
/** No backslash and no quote inside quotes: parsers disagree on them. */
const parameter = new RegExp(`[ \\t]*;[ \\t]*(${token})=(?:(${token})|"([^"\\\\\\x00-\\x1f\\x7f]*)")`, 'y');
// A client that quotes a path of Windows as it is; a backslash before a quote could hide the quote.
const pathParameter = new RegExp(
  `[ \\t]*;[ \\t]*(filename)=(?:(${token})|"((?:[^"\\\\\\x00-\\x1f\\x7f]|\\\\(?!"))*)")`,
  'iy',
);

export interface FieldText {
  /** `type/subtype`, or a disposition, in lower case. */
  readonly value: string;
  /** By lower-case name. */
  readonly parameters: ReadonlyMap<string, string>;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

interface Parameter {
  readonly name: string;
  readonly value: string;
  /** Where the text goes on. */
  readonly end: number;
}

function readParameter(text: string, at: number): Parameter | undefined {
  const match = matchAt(pathParameter, text, at) ?? matchAt(parameter, text, at);
  if (match?.[1] === undefined) return undefined;
  return { name: match[1].toLowerCase(), value: match[2] ?? match[3] ?? '', end: at + match[0].length };
}

/** Undefined: not one value of the grammar, or a parameter is repeated. */
export function parseFieldText(raw: string): FieldText | undefined {
  const text = raw.trim();
  const first = matchAt(typeStart, text, 0)?.[0];
  if (first === undefined) return undefined;
  const parameters = new Map<string, string>();
  for (let at = first.length; at < text.length;) {
    const next = readParameter(text, at);
    if (next === undefined || parameters.has(next.name)) return undefined;
    parameters.set(next.name, next.value);
    at = next.end;
  }
  return { value: first.toLowerCase(), parameters };
}
