/**
 * The attributes of a record in the order they were learnt: two parallel arrays, because an object of this many names
 * turns into a hash table, which cost more than all the rest of a record. An attribute that is not known is absent.
 */
export type AttributeValue = string | number | boolean | readonly string[];

/** Where attributes are put: a list, or straight onto the wire. */
export interface AttributeSink {
  /** undefined: not known, left out. */
  put(name: string, value: AttributeValue | undefined): void;
  /** A long text of ASCII alone, such as base64. */
  putAscii(name: string, text: string): void;
}

export class AttributeList implements AttributeSink {
  readonly names: string[] = [];
  readonly values: AttributeValue[] = [];

  put(name: string, value: AttributeValue | undefined): void {
    if (value === undefined) return;
    this.names.push(name);
    this.values.push(value);
  }

  putAscii(name: string, text: string): void {
    this.put(name, text);
  }

  putInto(sink: AttributeSink): void {
    for (let index = 0; index < this.names.length; index += 1) {
      sink.put(this.names[index] ?? '', this.values[index]);
    }
  }
}
