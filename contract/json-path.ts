/**
 * The part of JSONPath that names one place: `$.event.user.id`, `$['x-id']`, `$.items[0].id`. Filters, wildcards and recursion are
 * none of it: they name several places, and take as long as whoever wrote the document likes. Linear in path and document.
 */
export type JsonPath = ReadonlyArray<string | number>;

const step = /\.([A-Za-z_][\w-]*)|\[(\d{1,6})\]|\['([^'\\]{1,256})'\]|\["([^"\\]{1,256})"\]/y;
const maxSteps = 32;

function keyOf([, name, index, single, double]: RegExpExecArray): string | number {
  return index === undefined ? (name ?? single ?? double ?? '') : Number(index);
}

/** undefined: it names no single place. */
export function parseJsonPath(text: string): JsonPath | undefined {
  const rest = text.trim();
  // `user.id`, as some write it.
  const steps = rest.startsWith('$') ? rest.slice(1) : `.${rest}`;
  const path: Array<string | number> = [];
  for (let at = 0; at < steps.length; at = step.lastIndex) {
    step.lastIndex = at;
    const found = step.exec(steps);
    if (found === null || path.length === maxSteps) return undefined;
    path.push(keyOf(found));
  }
  return path.length === 0 ? undefined : path;
}

/** What stands there; undefined: nothing does. */
export function valueAtPath(document: unknown, path: JsonPath): unknown {
  let value = document;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value) !== (typeof key === 'number') || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[key];
  }
  return value;
}
