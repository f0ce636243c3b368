/**
 * The one place where rules of the CRDs are evaluated: CEL, with the Kubernetes libraries they use, outside a cluster.
 * A rule that cannot be compiled or evaluated refuses, as in the API server. It must never see more than `self`.
 */
import { Environment } from '@marcbachmann/cel-js';
import { CidrValue, IpValue, isRequestUrl, parseCidrValue, parseIpValue } from './cel-network.ts';
import { matchesRe2 } from './re2.ts';

export interface CelRule {
  readonly rule: string;
  readonly message: string;
  /** It compares with the object as it was: says nothing about an object alone. */
  readonly isTransition: boolean;
  /** What is wrong, or undefined: the rule holds. */
  readonly problem: (self: unknown) => string | undefined;
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`not ${what}`);
  return value;
}

function createEnvironment(): Environment {
  return (
    new Environment({ unlistedVariablesAreDyn: false, enableOptionalTypes: true })
      .registerVariable('self', 'dyn')
      .registerVariable('oldSelf', 'dyn')
      .registerType('net.IP', { ctor: IpValue, fields: {} })
      .registerType('net.CIDR', { ctor: CidrValue, fields: {} })
      .registerFunction('isIP(string): bool', (text: string) => parseIpValue(text) !== undefined)
      .registerFunction('ip(string): net.IP', (text: string) => required(parseIpValue(text), 'an IP address'))
      .registerFunction('net.IP.family(): int', (ip: IpValue) => (ip.family === 'ipv4' ? 4n : 6n))
      .registerFunction('isCIDR(string): bool', (text: string) => parseCidrValue(text) !== undefined)
      .registerFunction('cidr(string): net.CIDR', (text: string) => required(parseCidrValue(text), 'a CIDR'))
      .registerFunction('net.CIDR.prefixLength(): int', (cidr: CidrValue) => BigInt(cidr.prefix))
      .registerFunction('net.CIDR.containsIP(string): bool', (cidr: CidrValue, text: string) =>
        cidr.containsIp(required(parseIpValue(text), 'an IP address')),
      )
      .registerFunction('net.CIDR.containsCIDR(string): bool', (cidr: CidrValue, text: string) =>
        cidr.containsCidr(required(parseCidrValue(text), 'a CIDR')),
      )
      .registerFunction('isURL(string): bool', isRequestUrl)
      // The library's own `matches` is JavaScript's dialect; a method of its own name cannot be replaced.
      .registerFunction('string.matchesRe2(string): bool', (text: string, pattern: string) =>
        matchesRe2(pattern, text),
      )
  );
}

const maxRemembered = 2_048;
const environment = createEnvironment();
const compiled = new Map<string, (context: { self: unknown }) => unknown>();

/** Throws for a rule that is not CEL: our own rules are data, and a test compiles them all. */
export function compileCel(rule: string, message: string): CelRule {
  let program = compiled.get(rule);
  if (program === undefined) {
    program = environment.parse(rule.replaceAll('.matches(', '.matchesRe2('));
    compiled.set(rule, program);
  }
  const evaluate = program;
  const judge = (self: unknown): string | undefined => {
    try {
      return evaluate({ self }) === true ? undefined : message;
    } catch (error) {
      const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'error';
      return `${message} (${reason})`;
    }
  };
  // A rule sees nothing but its value, and sets of manifests repeat hosts, durations and names.
  const known = new Map<string, string | undefined>();
  const remembered = (self: string): string | undefined => {
    if (known.has(self)) return known.get(self);
    const problem = judge(self);
    if (known.size >= maxRemembered) known.clear();
    known.set(self, problem);
    return problem;
  };
  return {
    rule,
    message,
    isTransition: /\boldSelf\b/.test(rule),
    problem: (self) => (typeof self === 'string' ? remembered(self) : judge(self)),
  };
}
