/** What the full parser makes of a text: the value, or undefined when it refuses or warns of it. */
import { parseDocument, type Tags } from 'yaml';

const foreign = /timestamp|binary|omap|pairs|set/;
const json = (tags: Tags): Tags =>
  tags.filter((tag) =>
    typeof tag === 'string' ? !foreign.test(tag) : tag.format !== 'TIME' && !foreign.test(tag.tag),
  );

export function fullValue(text: string): unknown {
  const document = parseDocument(text, { version: '1.1', customTags: json, logLevel: 'silent' });
  return document.errors.length > 0 ? undefined : document.toJS();
}
