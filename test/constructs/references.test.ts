/** A reference to the wrong kind of object does not compile: checked by `tsc` on this file, and told by vitest too. */
import { expectTypeOf, test } from 'vitest';
import type {
  AIProviderRoute,
  Backend,
  CredentialInjectionPolicy,
  EgressDenyPolicy,
  EgressGateway,
  EgressHTTPRoute,
  EgressL4Route,
  FallbackRoutingPolicy,
  ICredentialTarget,
  IEgressGateway,
  LoggingPolicy,
  MCPRoute,
  RateLimitPolicy,
  RuleExtensions,
  SecretValue,
  TaskAgent,
  TaskAgentProps,
  WorkerPool,
} from '../../constructs/index.ts';

type Target<Construct extends { addTarget: (...args: never[]) => void }> = Parameters<
  Construct['addTarget']
>[0];

test('each reference takes its own kind only', () => {
  expectTypeOf<WorkerPool>().toExtend<TaskAgentProps['pool']>();
  expectTypeOf<EgressGateway>().not.toExtend<TaskAgentProps['pool']>();
  expectTypeOf<string>().not.toExtend<TaskAgentProps['pool']>();
  expectTypeOf<EgressGateway>().toExtend<IEgressGateway>();
  expectTypeOf<EgressL4Route>().not.toExtend<IEgressGateway>();
  expectTypeOf<Parameters<TaskAgent['connect']>[0]>().toEqualTypeOf<IEgressGateway>();
});

test('policies take the targets their kind has', () => {
  expectTypeOf<AIProviderRoute>().toExtend<Target<FallbackRoutingPolicy>>();
  expectTypeOf<MCPRoute>().not.toExtend<Target<FallbackRoutingPolicy>>();
  expectTypeOf<EgressL4Route>().not.toExtend<Target<FallbackRoutingPolicy>>();
  expectTypeOf<EgressL4Route>().toExtend<Target<EgressDenyPolicy>>();
  expectTypeOf<EgressGateway>().not.toExtend<Target<EgressDenyPolicy>>();
  expectTypeOf<Target<CredentialInjectionPolicy>>().toEqualTypeOf<ICredentialTarget>();
  expectTypeOf<MCPRoute>().toExtend<ICredentialTarget>();
  expectTypeOf<EgressHTTPRoute>().toExtend<ICredentialTarget>();
  expectTypeOf<EgressHTTPRoute>().toExtend<Target<EgressDenyPolicy>>();
  expectTypeOf<EgressL4Route>().not.toExtend<ICredentialTarget>();
  expectTypeOf<Backend>().not.toExtend<ICredentialTarget>();
});

test('rules take the policies made for them', () => {
  expectTypeOf<RateLimitPolicy>().toExtend<NonNullable<RuleExtensions['rateLimit']>>();
  expectTypeOf<LoggingPolicy>().not.toExtend<NonNullable<RuleExtensions['rateLimit']>>();
});

test('a Secret is named, never held', () => {
  expectTypeOf<string>().not.toExtend<SecretValue>();
});
