/** CEL rules more than one kind uses. Each is a rule with the message people read; none reaches outside its field. */
import type { Rule } from './field.ts';
import { neverOpenCidrs } from './never-open-cidrs.ts';

export const imageRules: readonly Rule[] = [
  {
    rule: "self.matches('^[A-Za-z0-9][A-Za-z0-9._:@/-]*$') && !self.contains('://') && !self.contains('//') && !self.endsWith('/')",
    message:
      'image must be an OCI reference such as registry.example.com/team/agent:1.0, without a scheme or white space',
  },
];

// Short on purpose: the API server prices a rule by the length of its expression times the bounds around it.
const label = '[A-Za-z0-9_-]+';

export const hostnameRules: readonly Rule[] = [
  {
    rule: `self.matches('^([*][.])?${label}([.]${label})*$')`,
    message: 'a hostname is exact (api.example.com) or has one leading wildcard label (*.example.com)',
  },
  {
    // 10.0.0.1, 127.1, 0x7f.1: what some resolvers read as an address is none of a name.
    rule: "!self.matches('[.](0x|0X)?[0-9]+$')",
    message: 'an address is no hostname: write it in destinationCIDRs',
  },
  {
    rule: "!self.matches('^[*]([.][^.]*)?$')",
    message: 'a wildcard must name a domain below the top level: *.example.com, not * or *.com',
  },
  {
    rule: "!(self.lowerAscii() in ['localhost', 'metadata', 'metadata.google.internal', 'instance-data', '*.google.internal']) && !self.lowerAscii().endsWith('.localhost')",
    message: 'metadata services and the local host are never open to agents',
  },
];

/** US dollars as a decimal string: contract/usd.ts reads the same. */
export const usdRules: readonly Rule[] = [
  {
    rule: "self.matches('^(0|[1-9][0-9]{0,5})([.][0-9]{1,9})?$') && self.matches('[1-9]')",
    message: 'an amount is in US dollars, more than nothing and less than a million, such as 12.50',
  },
];

const neverOpenList = `[${neverOpenCidrs.map((each) => `'${each}'`).join(', ')}]`;

const neverOpenMessage =
  'metadata, loopback, link-local, multicast, reserved and unspecified addresses are never open to agents';

export const cidrRules: readonly Rule[] = [
  { rule: 'isCIDR(self)', message: 'a destination CIDR is written like 10.20.0.0/16 or 2001:db8::/32' },
  {
    rule: `!isCIDR(self) || !${neverOpenList}.exists(each, cidr(each).containsCIDR(self))`,
    message: neverOpenMessage,
  },
];

/** A host a gateway dials: a name or an address, never one that agents must not reach. */
export const upstreamHostRules: readonly Rule[] = [
  {
    rule: "isIP(self) || (self.matches('^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$') && !self.matches('(^|[.])([0-9]+|0[xX][0-9A-Fa-f]*)$'))",
    message: 'upstream.host must be a host name or IP address, without scheme, port or path',
  },
  {
    rule: `!(self.lowerAscii() in ['localhost', 'metadata', 'metadata.google.internal', 'instance-data']) && !self.lowerAscii().endsWith('.localhost') && (!isIP(self) || !${neverOpenList}.exists(each, cidr(each).containsIP(self)))`,
    message: 'upstream.host must not be a metadata service, the local host or a reserved address',
  },
];

/** Headers that frame or route a request: the gateway writes them. */
export const framingHeaders: readonly string[] = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'keep-alive',
];

/** The name of a header that is none of these, as CEL. */
export function notAmong(headers: readonly string[]): string {
  return `!(self.lowerAscii() in [${headers.map((each) => `'${each}'`).join(', ')}])`;
}

/** The name of a header, as it stands in the field called `fieldName`. */
export function headerNameRules(fieldName: string): readonly Rule[] {
  return [
    {
      rule: "self.matches('^[A-Za-z0-9!#$%&*+.^_|~-]+$')",
      message: `${fieldName} must be a header name, such as Authorization`,
    },
  ];
}

// The gateway runs patterns on an engine of its own that is linear in the text: contract/linear-pattern.ts. What RE2
// has beyond it is refused here, and what RE2 does not parse makes the first rule fail with RE2's own message.
export const regexRules: readonly Rule[] = [
  {
    rule: "''.matches(self) ? true : true",
    message: 'a pattern must be an RE2 regular expression, such as ^(get|list)_',
  },
  {
    rule: "!self.matches('\\\\\\\\[pPCQE]') && !self.contains('[:')",
    message:
      'a pattern must not use Unicode classes, [:classes:], \\Q or \\C: write the characters, such as [A-Za-z0-9]',
  },
];

const systemPaths = [
  '/proc',
  '/dev',
  '/sys',
  '/tmp',
  '/etc',
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib64',
  '/boot',
  '/root',
];

export function mountPathRules(reserved: readonly string[] = []): readonly Rule[] {
  const forbidden = [...systemPaths, ...reserved].map((each) => `'${each}'`).join(', ');
  return [
    {
      rule: "self.startsWith('/') && self != '/' && !self.endsWith('/') && !self.contains('//') && !(self + '/').contains('/../') && !(self + '/').contains('/./')",
      message: 'mountPath must be absolute and clean, and not /',
    },
    {
      rule: `![${forbidden}].exists(each, self == each || self.startsWith(each + '/') || each.startsWith(self + '/'))`,
      message: 'mountPath must not overlap a directory of the system or the platform',
    },
  ];
}
