/** Reading unknown JSON without trusting it. Pure; apart because each vendor's file does the same. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** The members that are objects. */
export function asObjects(value: unknown): readonly JsonObject[] {
  return asArray(value)
    .map(asObject)
    .filter((each) => each !== undefined);
}

export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function asStrings(value: unknown): readonly string[] {
  return asArray(value).filter((each) => typeof each === 'string');
}

export function asCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

/** Text of a content field: a string, or parts with a `text` member. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return asArray(content)
    .map(
      (part) =>
        asString(part) ??
        asString(asObject(part)?.['text']) ??
        contentText(asObject(part)?.['content'] ?? []),
    )
    .filter((text) => text !== '')
    .join('\n');
}

/** The first member that is not of those; vendors refuse what they do not know. */
export function unknownMember(object: JsonObject, known: ReadonlySet<string>): string | undefined {
  return Object.keys(object).find((name) => !known.has(name));
}

/** What is set of a request, for `describe`. */
export function settingsOf(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, object[name]]));
}
