/**
 * One more object of a kind for what its first object has no room for. Its name is the first one's with a number behind:
 * what is added at the end makes a new object and renames none. It must never decide what it holds.
 */
import { CustomResource, type ResourceProps } from './custom-resource.ts';

/** @internal What is in one more object. */
export interface ContinuationProps extends ResourceProps {
  readonly kind: string;
  /** 1 for the first object after the head. */
  readonly part: number;
  readonly produce: () => object;
}

/** `02` for part 1: two digits, so that names sort as parts do. */
function numberOf(part: number): string {
  return String(part + 1).padStart(2, '0');
}

/** @internal */
export class Continuation extends CustomResource {
  readonly #produce: () => object;

  constructor(head: CustomResource, { kind, part, produce, metadata }: ContinuationProps) {
    const number = numberOf(part);
    const namespace = head.namespace === undefined ? {} : { namespace: head.namespace };
    super(head, number, kind, { metadata: { ...metadata, ...namespace, name: `${head.name}-${number}` } });
    this.#produce = produce;
  }

  /** @internal */
  protected override toSpec(): object {
    return this.#produce();
  }
}

/** Equal pieces of a list, none larger than fits; of none, or an empty one, one piece. */
export function piecesOf<T>(list: readonly T[], size: number): T[][] {
  const count = Math.max(1, Math.ceil(list.length / size));
  return Array.from({ length: count }, (_, index) => list.slice(index * size, (index + 1) * size));
}
