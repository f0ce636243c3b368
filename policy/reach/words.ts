/** Reach in words: destinations, ports, calls, budgets, agents. One place, so that table, sentences and diff agree. Pure. */
import type { McpRule } from '../../contract/index.ts';
import type { Access, BackendDenial, Budget, CallMatch, McpAccess, Outcome } from './outcome.ts';
import type { DestinationSet, PortSpan } from './partition.ts';

const except = (texts: readonly string[]): string =>
  texts.length === 0 ? '' : ` except ${texts.join(', ')}`;

/** Each kind of destination as one text. */
function destinationTexts({ names, wildcards, others, addresses }: DestinationSet): string[] {
  const everyName =
    others === undefined ? [] : [`every${names.length > 0 ? ' other' : ''} name${except(others.except)}`];
  const every = addresses.cidrs.includes('0.0.0.0/0');
  const cidrs = addresses.cidrs.filter((cidr) => !every || (cidr !== '0.0.0.0/0' && cidr !== '::/0'));
  const ranges = [...(every ? ['every address'] : []), ...cidrs];
  const last = ranges.pop();
  return [
    ...names,
    ...wildcards.map(({ pattern, except: left }) => `${pattern}${except(left)}`),
    ...everyName,
    ...ranges,
    ...(last === undefined ? [] : [`${last}${except(addresses.except)}`]),
  ];
}

export function renderDestinations(destinations: DestinationSet): string {
  return destinationTexts(destinations).join(', ');
}

export function renderPorts(ports: readonly PortSpan[]): string {
  if (ports.length === 1 && ports[0]?.start === 1 && ports[0].end === 65_535) return 'every port';
  return ports.map(({ start, end }) => (start === end ? String(start) : `${start}-${end}`)).join(', ');
}

/** `api.stripe.com:443`, or the destinations and `on ports …`. */
export function renderPlaces(destinations: DestinationSet, ports: readonly PortSpan[]): string {
  const [only, ...more] = ports;
  const { names, wildcards, others, addresses } = destinations;
  const simple =
    others === undefined &&
    addresses.except.length === 0 &&
    wildcards.every((each) => each.except.length === 0);
  if (only !== undefined && more.length === 0 && only.start === only.end && simple) {
    const texts = [...names, ...wildcards.map(({ pattern }) => pattern)].map(
      (name) => `${name}:${only.start}`,
    );
    const ranges = addresses.cidrs.map((cidr) => `${cidr} port ${only.start}`);
    return [...texts, ...ranges].map((text) => `\`${text}\``).join(', ');
  }
  const where = renderPorts(ports);
  return `\`${renderDestinations(destinations)}\` on ${where.startsWith('every') ? where : `port ${where}`}`;
}

const listed = (noun: string, texts: readonly string[]): string[] =>
  texts.length === 0 ? [] : [`${texts.length === 1 ? noun : `${noun}s`} ${texts.join(', ')}`];

export function renderScope({ models, endpoints }: CallMatch): string {
  return [...listed('model', models), ...listed('endpoint', endpoints)].join(' at ') || 'every call';
}

export function renderBudget(budgets: readonly Budget[]): string {
  const count = (tokens: number | undefined, unit: string): string[] =>
    tokens === undefined ? [] : [`${tokens.toLocaleString('en')} tokens ${unit}`];
  return budgets
    .flatMap((budget) => [
      ...count(budget.maxTokensPerDay, 'a day'),
      ...count(budget.maxTokensPerExecution, 'an execution'),
      ...count(budget.maxOutputTokensPerRequest, 'an answer'),
      ...(budget.budgetRef === undefined ? [] : [`shared as ${budget.budgetRef}`]),
    ])
    .join(', ');
}

/** Empty: nothing is denied. */
export function renderBackendDenial(denied: BackendDenial | undefined): string {
  if (denied === undefined) return '';
  const renamed = denied.renames.length === 0 ? '' : ', as the backend names models';
  return `${denied.matches.map(renderScope).join('; nor ')}${renamed}`;
}

/** What is particular about one way, as clauses of a sentence; empty: nothing. */
export function renderOutcome({ backend, pinned, credentials, budgets, denied, refused }: Outcome): string {
  const parts = [
    ...(backend === undefined ? [] : [`sent to backend \`${backend.host}:${backend.port}\``]),
    ...(credentials.length === 0
      ? []
      : [`with credential ${credentials.map((name) => `\`${name}\``).join(', ')}`]),
    ...(budgets.length === 0 ? [] : [`within ${renderBudget(budgets) || 'a budget without a limit'}`]),
    ...(pinned === undefined ? [] : [`at the pinned address ${pinned.join(', ')}`]),
    ...(denied === undefined ? [] : [`but not for ${renderBackendDenial(denied)}`]),
    ...(refused === undefined ? [] : [`but is refused: ${refused}`]),
  ];
  return parts.join(', ');
}

const withPatterns = (globs: readonly string[], sources: readonly string[]): string[] => [
  ...globs,
  ...sources.map((source) => `/${source}/`),
];

/** Empty: nothing passes. */
function renderMcpRule({ matches, toolPolicies, unsupported }: McpRule): string[] {
  if (unsupported.length > 0) return [];
  const subjects = matches.map(({ tools, toolsRegex, resources, methods }) =>
    [
      ...listed('tool', withPatterns(tools, toolsRegex)),
      ...listed('resource', resources),
      ...listed('method', methods),
    ].join(', '),
  );
  const limits = toolPolicies.flatMap((policy) => [
    ...listed('allowed tool', withPatterns(policy.allowedTools, policy.allowedToolsRegex)),
    ...listed('denied tool', withPatterns(policy.deniedTools, policy.deniedToolsRegex)),
  ]);
  return [[subjects.filter((text) => text !== '').join('; or ') || 'every tool', ...limits].join(', ')];
}

/** What MCPRoutes let through; empty: none governs the host. */
export function renderMcp(mcp: McpAccess | undefined): string {
  if (mcp === undefined) return '';
  const rulesOf = (isDenial: boolean): string[] =>
    mcp.routes
      .filter(({ denial }) => (denial !== undefined) === isDenial)
      .flatMap(({ rules }) => (rules.length === 0 ? ['every tool'] : rules.flatMap(renderMcpRule)));
  const denied = rulesOf(true);
  const but = denied.length === 0 ? '' : `, but not ${denied.join('; nor ')}`;
  const allowed =
    rulesOf(false).join('; or ') || (mcp.othersPass ? 'calls of every tool' : 'calls of no tool');
  return `MCP ${allowed}${but}`;
}

/** The calls of an access that go somewhere, each with one way to go. */
export function permitsOf({
  clauses,
  otherwise,
  mcp,
}: Access): ReadonlyArray<{ readonly calls: string; readonly outcome: Outcome }> {
  const taken = clauses.flatMap(({ matches, outcomes }) =>
    outcomes.map((outcome) => ({ calls: matches.map(renderScope).join('; or '), outcome })),
  );
  const rest = renderMcp(mcp) || (clauses.length === 0 ? 'every call' : 'every other call');
  return [...taken, ...otherwise.map((outcome) => ({ calls: rest, outcome }))];
}

/** `triage` where the namespace goes without saying, else `team/triage`. */
export function agentNames(ids: readonly string[]): (id: string) => string {
  const namespaces = new Set(ids.map((id) => id.split('/')[1]));
  return (id) =>
    id
      .split('/')
      .slice(namespaces.size > 1 ? 1 : 2)
      .join('/');
}
