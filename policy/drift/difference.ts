/** Where two JSON values differ, by path: whatever the order of keys, the quoting or the comments of their texts. Pure. */
import { isList, isObject, type Json } from '../manifest/json.ts';
import type { Path } from '../manifest/path.ts';

/** The deepest paths at which two values differ; a list of another length differs as a whole. */
export function differences(before: Json | undefined, after: Json | undefined, path: Path = []): Path[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => differences(before[key], after[key], [...path, key]));
  }
  if (isList(before) && isList(after) && before.length === after.length) {
    return before.flatMap((each, index) => differences(each, after[index], [...path, index]));
  }
  if (before === after) return [];
  // Composites of unequal shape; equal lists and maps never come here.
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [path];
}

export function valueAt(value: Json | undefined, path: Path): Json | undefined {
  return path.reduce<Json | undefined>((at, part) => {
    if (isList(at)) return at[Number(part)];
    return isObject(at) ? at[String(part)] : undefined;
  }, value);
}
