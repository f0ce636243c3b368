/**
 * The one way request bodies become JSON here. Policy is decided on what it says, so whatever another parser could read
 * differently is refused (S46): duplicate members that decide, invalid UTF-8, a BOM, absurd nesting.
 */
import { asObject, type JsonObject } from './codec.ts';

const maxDepth = 512;

/** Members of the outermost object, with repetitions; undefined when nested too deep. The text is valid JSON. */
function outerNames(text: string): string[] | undefined {
  const names: string[] = [];
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x22) {
      const end = endOfString(text, index);
      // A string before a colon is a name; at depth 1 it is one of the outermost object.
      if (depth === 1 && nextVisible(text, end + 1) === 0x3a)
        names.push(JSON.parse(text.slice(index, end + 1)) as string);
      index = end;
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > maxDepth) return undefined;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return names;
}

function nextVisible(text: string, from: number): number {
  let index = from;
  while (index < text.length && text.charCodeAt(index) <= 0x20) index += 1;
  return text.charCodeAt(index);
}

function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text.charCodeAt(index) !== 0x22) {
    index += text.charCodeAt(index) === 0x5c ? 2 : 1;
  }
  return index;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The object, or undefined when the bytes are not one unambiguous JSON object. */
export function parseJsonBody(bytes: Uint8Array): JsonObject | undefined {
  try {
    const text = utf8.decode(bytes);
    const object = asObject(JSON.parse(text));
    const names = object === undefined ? undefined : outerNames(text);
    if (names === undefined || new Set(names).size !== names.length) return undefined;
    // Servers that match member names without case (Go's encoding/json) would see another model than we do.
    const folded = names.filter((name) => name.toLowerCase() === 'model');
    return folded.length > 1 ? undefined : object;
  } catch {
    return undefined;
  }
}
