/**
 * Header fields as they travel: an ordered list, never an object, because order and repetition mean something and
 * an object would merge what must be refused. `raw` keeps the sender's spelling for HTTP/1.1 peers.
 */
export interface Field {
  /** Lower case. */
  readonly name: string;
  readonly raw: string;
  readonly value: string;
}

export function createField(raw: string, value: string): Field {
  return { name: raw.toLowerCase(), raw, value };
}

/** The value of the first field of this (lower-case) name. */
export function fieldValue(fields: readonly Field[], name: string): string | undefined {
  for (const field of fields) if (field.name === name) return field.value;
  return undefined;
}

export function fieldValues(fields: readonly Field[], name: string): string[] {
  return fields.filter((field) => field.name === name).map((field) => field.value);
}

/** A comma-separated list header as lower-case members, over all its fields. */
export function listMembers(fields: readonly Field[], name: string): string[] {
  const members: string[] = [];
  for (const field of fields) {
    if (field.name !== name) continue;
    // Most lists have one member, and splitting costs more than all else here.
    for (const part of field.value.includes(',') ? field.value.split(',') : [field.value]) {
      const member = part.trim().toLowerCase();
      if (member !== '') members.push(member);
    }
  }
  return members;
}
