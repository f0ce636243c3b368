/** Rules about messages of MCP in words. As words.ts, and read back by the same parser. Pure. */
import type { AskedArguments, CountedTools, ToolCalls, ToolLimit, ToolRule, ToolScope } from './permit.ts';
import { quote, quoted, renderCopy, renderCounted, renderLogging } from './phrases.ts';

/** Patterns between slashes. */
const withPatterns = (globs: readonly string[], sources: readonly string[]): string =>
  [quoted(globs), sources.map((source) => `/${quote(source)}/`).join(', ')]
    .filter((text) => text !== '')
    .join(', ');

export function renderToolScope({ tools, toolsRegex, resources, methods }: ToolScope): string {
  const parts = [
    ...(tools.length + toolsRegex.length === 0 ? [] : [`tools ${withPatterns(tools, toolsRegex)}`]),
    ...(resources.length === 0 ? [] : [`resources ${quoted(resources)}`]),
  ];
  const about = parts.join(' and ') || 'anything';
  return methods.length === 0 ? about : `${about} by methods ${quoted(methods)}`;
}

const scopes = (matches: readonly ToolScope[]): string =>
  matches.map(renderToolScope).join(' or ') || 'nothing';

function renderCountedTools({ tools, toolsRegex, limit }: CountedTools): string {
  const names = withPatterns(tools, toolsRegex);
  return `${renderCounted(limit)} to ${names === '' ? 'every tool' : `tools ${names}`}`;
}

function renderAsked({ tools, toolsRegex, action, expression }: AskedArguments): string {
  const names = withPatterns(tools, toolsRegex);
  const about = names === '' ? 'every tool' : `tools ${names}`;
  return `${action === 'Allow' ? 'only' : 'not'} with arguments where ${quote(expression)} for ${about}`;
}

function renderLimit(limit: ToolLimit): string {
  const lists = [
    ['only', withPatterns(limit.allowedTools, limit.allowedToolsRegex)],
    ['not', withPatterns(limit.deniedTools, limit.deniedToolsRegex)],
    ['with approval', quoted(limit.confirmedTools)],
    ['not yet', withPatterns(limit.uncountedTools, limit.uncountedToolsRegex)],
  ] as const;
  const parts = [
    ...lists.flatMap(([word, texts]) => (texts === '' ? [] : [`${word} tools ${texts}`])),
    ...limit.asked.map(renderAsked),
    ...limit.counted.map(renderCountedTools),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function renderToolRule(rule: ToolRule): string {
  const logging = renderLogging(rule.logging);
  return [
    `messages about ${scopes(rule.matches)}`,
    ...(rule.refused ? [', none of which passes yet'] : []),
    ...(rule.elsewhere === true ? [', all of which go another way'] : []),
    ...rule.counted.map((each) => `, ${renderCounted(each)}`),
    ...rule.limits.map(renderLimit),
    ...(logging === '' ? [] : [`, ${logging}`]),
    ...(rule.copies ?? []).map((copy) => `, copying its record to ${renderCopy(copy)}`),
  ].join('');
}

/** What servers ask of the agent; undefined: there are none. */
export function renderServerRequests(mcp: Pick<ToolCalls, 'deniedRequests'> | undefined): string[] {
  const denied = mcp?.deniedRequests ?? [];
  return denied.length === 0 ? [] : [`but no requests of its servers for ${quoted(denied)}`];
}

/** Rules in the order they are asked. */
export function mcpParts(mcp: ToolCalls): string[] {
  const { denied, rules, othersPass, othersElsewhere } = mcp;
  const others = othersPass ? 'every other message' : 'and what sessions need';
  return [
    'as MCP',
    ...denied.map(
      ({ policy, matches }) => `but no messages about ${scopes(matches)}, by policy ${quote(policy)}`,
    ),
    ...rules.map(renderToolRule),
    othersElsewhere === true ? `${others}, another way` : others,
    ...renderServerRequests(mcp),
  ];
}
