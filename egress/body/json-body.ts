/**
 * The one way request bodies become JSON here. Policy is decided on what it says, so whatever another parser could read
 * differently is refused (S46): duplicate members that decide, invalid UTF-8, a BOM, absurd nesting.
 */
import { asObject, type JsonObject } from '../providers/codec.ts';

const maxDepth = 512;

interface Member {
  readonly name: string;
  /** Where its colon is. */
  readonly colon: number;
}

/** Members of the outermost object, with repetitions; undefined when nested too deep. The text is valid JSON. */
function outerMembers(text: string): Member[] | undefined {
  const members: Member[] = [];
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x22) {
      const end = endOfString(text, index);
      // A string before a colon is a name; at depth 1 it is one of the outermost object.
      const after = depth === 1 ? nextVisible(text, end + 1) : end;
      if (text.charCodeAt(after) === 0x3a) members.push({ name: readName(text, index, end), colon: after });
      index = end;
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > maxDepth) return undefined;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return members;
}

function nextVisible(text: string, from: number): number {
  let index = from;
  while (index < text.length && text.charCodeAt(index) <= 0x20) index += 1;
  return index;
}

function endOfString(text: string, start: number): number {
  // Searching is many times faster than looking at each character; most strings hold no backslash.
  let end = text.indexOf('"', start + 1);
  while (end >= 0) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes += 1;
    if (escapes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

/** The name in a JSON string that starts at `start`. */
function readName(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end);
  return raw.includes('\\') ? (JSON.parse(text.slice(start, end + 1)) as string) : raw;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The object, or undefined when the bytes are not one unambiguous JSON object. */
export function parseJsonBody(bytes: Uint8Array): JsonObject | undefined {
  try {
    const text = utf8.decode(bytes);
    const object = asObject(JSON.parse(text));
    const names = object === undefined ? undefined : outerMembers(text)?.map(({ name }) => name);
    if (names === undefined || new Set(names).size !== names.length) return undefined;
    // Servers that match member names without case (Go's encoding/json) would see another model than we do.
    const folded = names.filter((name) => name.toLowerCase() === 'model');
    return folded.length > 1 ? undefined : object;
  } catch {
    return undefined;
  }
}

/** Where the value that starts at `start` ends: at the comma or the brace of the outermost object. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x22) index = endOfString(text, index);
    else if (depth === 0 && (code === 0x2c || code === 0x7d)) return index;
    else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return text.length;
}

/** The text with another value (JSON) for a member of its object; not there: added in front. `parseJsonBody` took the text. */
export function replaceMember(text: string, name: string, value: string): string {
  const members = outerMembers(text) ?? [];
  const member = members.find((each) => each.name === name);
  if (member !== undefined) {
    const start = member.colon + 1;
    return `${text.slice(0, start)}${value}${text.slice(endOfValue(text, start))}`;
  }
  const brace = text.indexOf('{') + 1;
  const comma = members.length === 0 ? '' : ',';
  return `${text.slice(0, brace)}${JSON.stringify(name)}:${value}${comma}${text.slice(brace)}`;
}
