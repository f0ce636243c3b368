/** In whose name what a budget uses is counted, and how often one budget is counted at all. Pure: it knows no gateway. */

interface RouteKey {
  readonly namespace: string;
  readonly name: string;
}

/** A named budget is shared by the rules of one namespace's routes; else each has its own, by its place in the route. */
export function budgetAccount(
  { namespace, name }: RouteKey,
  place: string,
  budgetRef: string | undefined,
): string {
  return budgetRef === undefined ? `rule/${namespace}/${name}/${place}` : `ref/${namespace}/${budgetRef}`;
}

/** The gateways of a namespace count together, each namespace for itself: the namespaces that count, in their order. */
export function countingNamespaces(gateways: Iterable<{ readonly namespace: string }>): string[] {
  return [...new Set([...gateways].map(({ namespace }) => namespace))].sort();
}

/** Of a budget that is counted in more than one namespace; undefined where it is one count. */
export function countedApart(namespaces: readonly string[]): string | undefined {
  if (namespaces.length < 2) return undefined;
  return `is counted apart by the gateways of ${namespaces.join(' and ')}: up to ${namespaces.length} times its limit may be used in a day`;
}
