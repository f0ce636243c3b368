/**
 * The alphabet of random documents and of what is tried against them: small, so that attempts sit on the edges of what is
 * written: label boundaries, first and last addresses, neighbouring ports, globs.
 */
import fc from 'fast-check';

export const names = [
  'api.openai.com',
  'api.anthropic.com',
  'x.openai.azure.com',
  'openai.azure.com',
  'example.com',
  'a.example.com',
  'b.example.com',
  'a.b.example.com',
  'evilexample.com',
  'a.example.com.evil.org',
  'api.stripe.com',
  'db',
];
export const patterns = [
  ...names,
  '*.example.com',
  '*.b.example.com',
  '*.openai.azure.com',
  '*.stripe.com',
  '*.com',
  '*.a.example.com.evil.org',
];
export const cidrs = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.3',
  '169.254.0.0/16',
  '203.0.113.0/24',
  '203.0.113.128/25',
  '198.51.100.7/32',
  '::/0',
  '2001:db8::/32',
  'fd00::/8',
  '010.1.0.0/16',
];
export const addresses = [
  '10.0.0.0',
  '9.255.255.255',
  '10.255.255.255',
  '11.0.0.0',
  '10.0.255.255',
  '10.1.0.0',
  '10.1.2.2',
  '10.1.2.3',
  '10.1.2.4',
  '10.1.255.255',
  '10.2.0.0',
  '203.0.112.255',
  '203.0.113.0',
  '203.0.113.127',
  '203.0.113.128',
  '203.0.113.255',
  '203.0.114.0',
  '198.51.100.7',
  '198.51.100.8',
  '169.254.169.254',
  '127.0.0.1',
  '0.0.0.0',
  '255.255.255.255',
  '198.18.0.1',
  '2001:db8::',
  '2001:db7:ffff:ffff:ffff:ffff:ffff:ffff',
  '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
  '2001:db9::',
  'fd00::1',
  'fd00:ec2::254',
  '::1',
  '::ffff:10.1.2.3',
  '64:ff9b::a01:203',
  '2002:a01:203::1',
  '2620::1',
];
const ports = [1, 79, 80, 81, 442, 443, 444, 5431, 5432, 5433, 8443, 65_535];
export const models = ['GPT-4o', 'gpt-4o', 'gpt-4o-mini', 'gpt-4', 'o1', 'claude-3', 'org/gpt-4o'];
export const modelGlobs = ['gpt-4o', 'gpt-*', '*-mini', 'gpt-4?', '*', '[co]*', 'gpt-4o\\*', '[bad'];
export const paths = [
  ...['/v1/chat/completions', '/v1/models', '/v1/../admin', '/v1/files', '/', '/v1/chat/', '/v1/messages'],
  ...['/v1/models/gpt-4o', '/v1/models/o1', '/v1/images/edits', '/V1/Chat/completions', '/v1/batches'],
  ...['/openai/deployments/gpt-4/chat/completions', '/openai/v1/responses', '/v1//files'],
  ...['/v1/responses', '/v1/responses', '/v1/realtime'],
  ...['/v1/files/', '/V1/Files./', '/v1/files.', '/v1/models/'],
];
export const endpointGlobs = [
  ...['/v1/chat/*', '/v1/*', '*', '/v1/models', '/v2/*', '/v1/files', '/v1/files/'],
];
export const agentNames = ['a', 'b', 'c'];
/** The last is a DaemonAgent. */
export const agentIds = agentNames.map((name) => `${name === 'c' ? 'DaemonAgent' : 'TaskAgent'}/d/${name}`);
export const toolNames = [
  'search_x',
  'search_secret',
  'delete_all',
  'delete_x',
  'get_x',
  'get_9',
  'Delete_All',
];
export const rpcMethods = [
  ...['initialize', 'tools/list', 'resources/read', 'notifications/x', 'x/y', 'Tools/Call', 'prompts/get'],
  ...['resources/subscribe', 'tools/call'],
];
export const gatewayNames = ['g', 'h', 'i'];
export const routeNames = ['r', 's'];

export const port = fc.oneof(
  { weight: 2, arbitrary: fc.constant(443) },
  { weight: 3, arbitrary: fc.constantFrom(...ports) },
);
export const some = <T>(values: readonly T[], maxLength = 3): fc.Arbitrary<T[]> =>
  fc.subarray([...values], { maxLength });
export const portSpan = fc
  .tuple(port, port)
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
export const mcpHosts = ['a.example.com', 'b.example.com'];

export const argumentExpressions = [
  'arguments.to.all(x, x.endsWith("@x"))',
  'has(arguments.n) && arguments.n <= 5',
  '!has(arguments.to)',
];
