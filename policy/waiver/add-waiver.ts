/**
 * One more entry in the text of a waiver file, everything else (comments too) left as it is; one about the same finding is decided again,
 * in its place: left behind it would expire, and `clrk validate` fail over it. Pure.
 */
import { Document, isMap, isSeq, parseDocument } from 'yaml';
import { defaultNamespace } from '../world.ts';
import type { WaiverEntry } from './waiver-file.ts';

const heading = ` Findings we live with for a while: see docs/rules. At most 90 days each; expired ones are errors.`;

/** What it is about. Without a namespace that is the default one. */
function subjectOf({ rule, kind, namespace = defaultNamespace, name, path }: Partial<WaiverEntry>): string {
  return JSON.stringify([rule, kind, namespace, name, path]);
}

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
  const subject = subjectOf(entry);
  const node = document.createNode(entry);
  const same = list.items.findIndex(
    (item) => isMap(item) && subjectOf(item.toJSON() as Partial<WaiverEntry>) === subject,
  );
  if (same < 0) list.add(node);
  else list.set(same, node);
  return document.toString({ lineWidth: 0 });
}
