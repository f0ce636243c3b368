/** What the full parser makes of a text: the value, or undefined when it refuses or warns of it. */
import { parseAllDocuments, parseDocument, type Document, type Tags } from 'yaml';

const foreign = /timestamp|binary|omap|pairs|set/;
const json = (tags: Tags): Tags =>
  tags.filter((tag) =>
    typeof tag === 'string' ? !foreign.test(tag) : tag.format !== 'TIME' && !foreign.test(tag.tag),
  );

export function fullValue(text: string): unknown {
  const document = parseDocument(text, { version: '1.1', customTags: json, logLevel: 'silent' });
  return document.errors.length > 0 ? undefined : document.toJS();
}

/** The same, where a key may stand twice (the last one counts) and nothing may follow the document. */
export function strictValue(text: string): unknown {
  const documents = parseAllDocuments(text, { version: '1.1', customTags: json, uniqueKeys: false });
  if (documents.length === 0) return null;
  const [first, ...more] = documents as Document[];
  if (first === undefined || first.errors.length > 0 || first.warnings.length > 0) return undefined;
  return more.some(({ contents }) => contents !== null) ? undefined : first.toJS({ maxAliasCount: -1 });
}
