/** Policies a route's rule names: how often it may be used and what of it is recorded. */
import { group, type CustomResource } from './custom-resource.ts';
import type { ILoggingPolicy } from './logging-policy.ts';
import type { IRateLimitPolicy } from './rate-limit-policy.ts';

/** Policies of one rule. */
export interface RuleExtensions {
  /**
   * How many calls fit in a window: HTTP requests, messages of MCP, or connections of bytes that nobody reads.
   *
   * @default no limit
   */
  readonly rateLimit?: IRateLimitPolicy;
  /**
   * What of its calls is recorded.
   *
   * @default as the gateway says
   */
  readonly logging?: ILoggingPolicy;
}

interface ExtensionFilter {
  type: 'ExtensionRef';
  extensionRef: { group: string; kind: string; name: string };
}

/** @internal The filters that name them. */
export function extensionFilters(
  route: CustomResource,
  { rateLimit, logging }: RuleExtensions,
): ExtensionFilter[] {
  const named = [
    ...(rateLimit === undefined ? [] : [{ policy: rateLimit, kind: 'RateLimitPolicy' }]),
    ...(logging === undefined ? [] : [{ policy: logging, kind: 'LoggingPolicy' }]),
  ];
  return named.map(({ policy, kind }) => {
    route.requireSameNamespace(policy, kind, 'a rule names policies of its own namespace only');
    return { type: 'ExtensionRef', extensionRef: { group, kind, name: policy.name } };
  });
}
