/**
 * The attributes of a record in the order they were learnt: two parallel arrays, because an object of this many names
 * turns into a hash table, which cost more than all the rest of a record. An attribute that is not known is absent.
 */
export type AttributeValue = string | number | boolean | readonly string[];

export class AttributeList {
  readonly names: string[] = [];
  readonly values: AttributeValue[] = [];

  /** undefined: not known, left out. */
  put(name: string, value: AttributeValue | undefined): void {
    if (value === undefined) return;
    this.names.push(name);
    this.values.push(value);
  }

  /** Like `put`, in the place of an earlier value of this name. */
  set(name: string, value: AttributeValue): void {
    const at = this.names.indexOf(name);
    if (at < 0) this.put(name, value);
    else this.values[at] = value;
  }
}
