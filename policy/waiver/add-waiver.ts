/** One more entry in the text of a waiver file, everything else (comments too) left as it is. Pure. */
import { Document, isMap, isSeq, parseDocument } from 'yaml';
import type { WaiverEntry } from './waiver-file.ts';

const heading = ` Findings we live with for a while: see docs/rules. At most 90 days each; expired ones are errors.`;

/** Undefined when the text is not a waiver file. */
export function addWaiver(text: string, entry: WaiverEntry): string | undefined {
  const empty = text.trim() === '';
  const document = empty ? new Document({ waivers: [] }) : parseDocument(text);
  if (empty) document.commentBefore = heading;
  if (document.errors.length > 0) return undefined;
  if (document.contents === null) document.contents = document.createNode({ waivers: [] });
  if (!isMap(document.contents)) return undefined;
  const list = document.contents.get('waivers');
  if (!isSeq(list)) return undefined;
  list.flow = false;
  list.add(document.createNode(entry));
  return document.toString({ lineWidth: 0 });
}
