/** A walk over a value: where it stands and what a schema has against what it saw, in the words of the API server. */
import type { Json } from '../manifest/json.ts';
import type { Path } from '../manifest/path.ts';

export interface SchemaIssue {
  readonly path: Path;
  /** As the API server says it, without the value: values may be secrets. */
  readonly message: string;
  /** A field the schema does not have: `kubectl apply` refuses it, a bare API call drops it. */
  readonly isUnknownField?: boolean;
  /** The API server evaluates no CEL rule on an object with such an issue. */
  readonly isBlocking: boolean;
}

/** Collects issues while a value is walked; the path is where the walk stands. */
export class Walk {
  readonly path: Array<string | number> = [];
  readonly issues: SchemaIssue[] = [];

  add(message: string, isBlocking = false): void {
    this.issues.push({ path: [...this.path], message, isBlocking });
  }

  addUnknownField(): void {
    this.issues.push({
      path: [...this.path],
      message: 'unknown field',
      isUnknownField: true,
      isBlocking: false,
    });
  }

  within<T>(part: string | number, work: () => T): T {
    this.path.push(part);
    const result = work();
    this.path.pop();
    return result;
  }
}

/** Checks, and gives the value back with defaults. */
export type Check = (value: Json, walk: Walk) => Json;

export function typeName(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}
