/** One text of JSON told from another by what it says, and not by which of its characters are escaped. Pure. */
import { digestOf } from '../../contract/index.ts';
import type { WrittenJson } from '../../decision/index.ts';

/** Of one that is too long to be kept, and of what is no text: as it is written. */
export function digestOfText({ text, digest }: WrittenJson): string {
  if (text?.startsWith('"') !== true) return digest;
  try {
    return digestOf(JSON.stringify(JSON.parse(text)));
  } catch {
    return digest;
  }
}
