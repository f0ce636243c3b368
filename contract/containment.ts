/**
 * An agent whose egress somebody closed at once: an annotation, because it is nobody's spec. Git does not set it, so that no
 * sync takes it away; whoever writes it into git contains the agent there. Any value counts, an empty one too.
 */
export const containedAnnotation = 'clrk.apoxy.dev/contained';

interface Annotated {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> | undefined };
}

/** Who, when and why, as it was written; undefined: it is not contained. */
export function containmentOf({ metadata }: Annotated): string | undefined {
  return metadata.annotations?.[containedAnnotation];
}
