/**
 * What the header filters of a rule come to, all of them together in their order. The operator compiles with it and `policy/` judges
 * manifests with it. Pure; whether a gateway carries it out is decided elsewhere (decision/http/header-edit.ts).
 */
import type { HeaderEdit } from './http-route.ts';

type Written = ReadonlyArray<{ readonly name: string; readonly value: string }>;

interface Filter {
  readonly requestHeaderModifier?:
    | {
        readonly set?: Written | undefined;
        readonly add?: Written | undefined;
        readonly remove?: readonly string[] | undefined;
      }
    | undefined;
  readonly responseHeaderModifier?: { readonly remove: readonly string[] } | undefined;
}

function copied(written: Written | undefined): HeaderEdit['set'] {
  return (written ?? []).map(({ name, value }) => ({ name, value }));
}

/** undefined: nothing changes. */
export function headerEditOf(filters: readonly Filter[]): HeaderEdit | undefined {
  const requests = filters.flatMap(({ requestHeaderModifier: each }) => each ?? []);
  const answers = filters.flatMap(({ responseHeaderModifier: each }) => each ?? []);
  if (requests.length + answers.length === 0) return undefined;
  return {
    set: requests.flatMap(({ set }) => copied(set)),
    add: requests.flatMap(({ add }) => copied(add)),
    remove: requests.flatMap(({ remove }) => remove ?? []),
    hide: answers.flatMap(({ remove }) => remove),
  };
}
