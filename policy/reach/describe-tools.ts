/** The rules about messages of MCP at a place, and limits of calls, as permits tell them. Pure. */
import { compilePattern, type CallLimit, type ToolPolicy } from '../../contract/index.ts';
import {
  compileGlob,
  faultOfArgumentExpression,
  type McpClause,
  type McpCourse,
} from '../../decision/index.ts';
import { recordedAs } from './manner.ts';
import type { CountedCalls, CountedTools, ToolCalls, ToolLimit, ToolScope } from './permit.ts';
import type { Spot } from './spot.ts';

/** A list that restricts: one that cannot be read concerns every text. */
export function restricting(texts: readonly string[]): readonly string[] {
  return texts.every((text) => compileGlob(text) !== undefined) ? texts : ['*'];
}

const everyMessage: ToolScope = { tools: [], toolsRegex: [], resources: [], methods: [] };

/** With the matches of its rule that are about this host, as they were written. */
function toolScopes({ compiled, matches, takesAll }: McpClause): ToolScope[] {
  if (takesAll) return [everyMessage];
  return matches.flatMap((match): ToolScope[] => {
    const written = compiled.rule.matches[compiled.matches.indexOf(match)];
    if (written === undefined) return [];
    const { tools, toolsRegex, resources, methods } = written;
    return [{ tools, toolsRegex, resources, methods }];
  });
}

/** Names that restrict: a pattern that cannot be read concerns every tool. */
function concerned(globs: readonly string[], sources: readonly string[]): Omit<CountedTools, 'limit'> {
  const isBroken = sources.some((source) => compilePattern(source) === undefined);
  return isBroken ? { tools: ['*'], toolsRegex: [] } : { tools: restricting(globs), toolsRegex: sources };
}

export function countedCalls({ calls, windowMs, scope, account }: CallLimit): CountedCalls {
  return { calls, scope, account, ...(windowMs === undefined ? {} : { windowMs }) };
}

const isAboutAll = ({ tools, toolsRegex }: Omit<CountedTools, 'limit'>): boolean =>
  tools.length + toolsRegex.length === 0;

/** A limit of calls of which the document does not say where they are counted. */
const isUnknown = ({ rateLimits, maxCallsPerExecution, account }: ToolPolicy): boolean =>
  (maxCallsPerExecution !== undefined && account === undefined) ||
  rateLimits.some((rate) => rate.limit === undefined && isAboutAll(rate));

function countedTools({ maxCallsPerExecution, account, rateLimits }: ToolPolicy): CountedTools[] {
  const cap: CountedTools[] =
    maxCallsPerExecution === undefined || account === undefined
      ? []
      : [
          {
            ...{ tools: [], toolsRegex: [] },
            limit: { calls: maxCallsPerExecution, scope: 'PerExecution', account },
          },
        ];
  return [
    ...cap,
    ...rateLimits.flatMap(({ tools, toolsRegex, limit }) =>
      limit === undefined ? [] : [{ ...concerned(tools, toolsRegex), limit: countedCalls(limit) }],
    ),
  ];
}

function toolLimit(policy: ToolPolicy): ToolLimit {
  const { allowedTools, allowedToolsRegex, deniedTools, deniedToolsRegex, rateLimits } = policy;
  const denied = concerned(deniedTools, deniedToolsRegex);
  const rules = policy.argumentRules ?? [];
  const unread = rules.filter(({ expression }) => faultOfArgumentExpression(expression) !== undefined);
  const unknown = [...rateLimits.filter(({ limit }) => limit === undefined), ...unread].map(
    ({ tools, toolsRegex }) => concerned(tools, toolsRegex),
  );
  const all = isUnknown(policy) || unread.some(isAboutAll);
  return {
    ...{ allowedTools, allowedToolsRegex },
    ...{ deniedTools: denied.tools, deniedToolsRegex: denied.toolsRegex },
    confirmedTools: restricting(policy.requireConfirmation),
    asked: rules
      .filter((rule) => !unread.includes(rule))
      .map(({ tools, toolsRegex, action, expression }) => ({
        ...concerned(tools, toolsRegex),
        ...{ action, expression },
      })),
    uncountedTools: all ? ['*'] : unknown.flatMap(({ tools }) => tools),
    uncountedToolsRegex: all ? [] : unknown.flatMap(({ toolsRegex }) => toolsRegex),
    counted: countedTools(policy),
  };
}

/** `course`: the way that is told; rules that send to another are told as such. */
export function toolCalls(
  { plan: { mcp }, gateway }: Pick<Spot, 'plan' | 'gateway'>,
  course: McpCourse | undefined,
): ToolCalls | undefined {
  if (mcp === undefined) return undefined;
  return {
    denied: mcp.denials.map((clause) => ({
      policy: `${clause.answer.policy.namespace}/${clause.answer.policy.name}`,
      matches: toolScopes(clause),
    })),
    rules: mcp.clauses.map((clause) => {
      const { rule, isReadable } = clause.compiled;
      const { logging } = rule;
      return {
        matches: toolScopes(clause),
        limits: rule.toolPolicies.map(toolLimit),
        refused: !isReadable || rule.unsupported.length > 0,
        counted: (rule.limits ?? []).map(countedCalls),
        ...(clause.course === course ? {} : { elsewhere: true as const }),
        ...recordedAs(gateway.document, logging),
      };
    }),
    othersPass: mcp.othersPass,
    ...(mcp.othersCourse === course ? {} : { othersElsewhere: true as const }),
    deniedRequests: mcp.deniedRequests,
  };
}
