/** What is asked about: the policy and the route that allowed a call, by the spans of an invocation. Pure. */
import { attribute } from '../../contract/index.ts';
import { attributeText, spanLabel } from '../render/span-label.ts';
import type { SpanRecord } from '../render/span.ts';

export interface Allowed {
  /** `sha256:…` of the policy that decided. */
  readonly digest: string;
  /** `Kind/namespace/name` of the route; undefined: none is named, such as a default that lets everything through. */
  readonly route: string | undefined;
  /** `POST api.openai.com/v1/chat/completions`, each once, as they came. */
  readonly calls: readonly string[];
}

/** Calls that were let through, by what let them. */
export function allowedCalls(spans: readonly SpanRecord[]): Allowed[] {
  const found = new Map<string, { digest: string; route: string | undefined; calls: Set<string> }>();
  for (const span of spans) {
    const digest = attributeText(span, attribute.policyDigest);
    if (digest === undefined || attributeText(span, attribute.decision) !== 'allow') continue;
    const route = attributeText(span, attribute.decisionRoute);
    const key = JSON.stringify([digest, route]);
    const known = found.get(key) ?? { digest, route, calls: new Set<string>() };
    found.set(key, known);
    known.calls.add(spanLabel(span));
  }
  return [...found.values()].map(({ calls, ...rest }) => ({ ...rest, calls: [...calls] }));
}
