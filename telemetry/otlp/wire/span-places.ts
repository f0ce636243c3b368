/** Where the parts of one span are in its bytes. Of what comes twice the last counts, as in every decoder. */
import { WireReader, wireType, type Slice } from './wire-reader.ts';

const absent: Slice = [0, 0];

export class SpanPlaces {
  trace = absent;
  id = absent;
  parent = absent;
  state = absent;
  name = absent;
  message = absent;
  kind = 0;
  code = 0;
  /** -1: absent. */
  startAt = -1;
  endAt = -1;
  /** Beginning and end of each, in turn. */
  readonly attributes: number[] = [];
  readonly #span: WireReader;
  readonly #status: WireReader;

  constructor(bytes: Buffer) {
    this.#span = new WireReader(bytes);
    this.#status = new WireReader(bytes);
  }

  /** False: something is not as it should be, or there is more than this knows of. */
  find(start: number, end: number): boolean {
    const reader = this.#span.open(start, end);
    this.#clear();
    while (reader.next()) {
      const isKnown = reader.type === wireType.bytes ? this.#ofBytes(reader) : this.#ofNumber(reader);
      if (!isKnown) return false;
    }
    return !reader.isBad;
  }

  #clear(): void {
    this.trace = this.id = this.parent = this.state = this.name = this.message = absent;
    this.kind = this.code = 0;
    this.startAt = this.endAt = -1;
    this.attributes.length = 0;
  }

  #ofNumber({ field, type, high, low, start }: WireReader): boolean {
    switch (field) {
      case 6:
        this.kind = low;
        return type === wireType.varint && high === 0;
      case 7:
        this.startAt = start;
        return type === wireType.fixed64;
      case 8:
        this.endAt = start;
        return type === wireType.fixed64;
      default:
        return isOther(field);
    }
  }

  #ofBytes({ field, start, end }: WireReader): boolean {
    switch (field) {
      case 1:
        this.trace = [start, end];
        return true;
      case 2:
        this.id = [start, end];
        return true;
      case 3:
        this.state = [start, end];
        return true;
      case 4:
        this.parent = [start, end];
        return true;
      case 5:
        this.name = [start, end];
        return true;
      case 9:
        this.attributes.push(start, end);
        return true;
      case 15:
        return this.#ofStatus(start, end);
      default:
        return isOther(field);
    }
  }

  /** The last one counts, whole. */
  #ofStatus(start: number, end: number): boolean {
    const reader = this.#status.open(start, end);
    this.message = absent;
    this.code = 0;
    while (reader.next()) {
      const { field, type } = reader;
      if (field === 2) {
        if (type !== wireType.bytes) return false;
        this.message = [reader.start, reader.end];
      } else if (field === 3) {
        if (type !== wireType.varint || reader.high !== 0) return false;
        this.code = reader.low;
      }
    }
    return !reader.isBad;
  }
}

/** What the rows have no column for. Events (11) and links (13) they have. */
function isOther(field: number): boolean {
  return field > 15 || field === 10 || field === 12 || field === 14;
}
