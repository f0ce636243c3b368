/**
 * The object that opened a destination. Documents name it as one text, `Kind/ns/name`, which is read here and nowhere else,
 * so that nobody decides by the beginning of a string.
 */
import type { DestinationRule } from '../contract/index.ts';

export const openerKinds = ['EgressL4Route', 'AIProviderRoute', 'MCPRoute', 'EgressHTTPRoute'] as const;
export type OpenerKind = (typeof openerKinds)[number];

export interface Opener {
  readonly kind: OpenerKind;
  readonly namespace: string;
  readonly name: string;
}

function isOpenerKind(text: string | undefined): text is OpenerKind {
  return openerKinds.some((kind) => kind === text);
}

/** Undefined for a text that names no route of ours: such a rule opens nothing. */
export function parseOpener(text: string): Opener | undefined {
  const [kind, namespace, name, ...more] = text.split('/');
  if (!isOpenerKind(kind) || !namespace || !name || more.length > 0) return undefined;
  return { kind, namespace, name };
}

export function renderOpener({ kind, namespace, name }: Opener): string {
  return `${kind}/${namespace}/${name}`;
}

/** The rules of `rules` whose opener is none of `kinds`. */
export function withoutKinds<R extends Pick<DestinationRule, 'route'>>(
  rules: readonly R[],
  ...kinds: readonly OpenerKind[]
): R[] {
  return rules.filter(({ route }) => {
    const opener = parseOpener(route);
    return opener !== undefined && !kinds.includes(opener.kind);
  });
}
