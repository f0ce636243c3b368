/**
 * The catalogue: what may be counted of records, as data. A recipe says from which rows it is made, what is summed or measured,
 * and by which names it can be told apart. Every text here ends up in a statement; nothing a client sends does.
 */
import { tables } from '../schema/tables.ts';

/** Whose figures: kinds as the API names them. */
export type ScopeKind = 'TaskAgent' | 'DaemonAgent' | 'EgressGateway';

/** Rows that recipes are made of. */
type Source = 'spans' | 'logs' | 'calls';

interface RecipeBase {
  readonly id: string;
  readonly description: string;
  readonly unit: string;
  readonly source: Source;
  /** Of these rows. */
  readonly where: string;
  /** Names to group by, each with its expression; those of the source besides. */
  readonly dimensions?: Readonly<Record<string, string>>;
}

interface Counter extends RecipeBase {
  readonly type: 'Counter';
  /** A sum over rows. */
  readonly sum: string;
  /** A row counts in several ways, told apart by a dimension of this name. */
  readonly parts?: { readonly dimension: string; readonly of: Readonly<Record<string, string>> };
}

interface Histogram extends RecipeBase {
  readonly type: 'Histogram';
  /** What is measured of a row. */
  readonly value: string;
}

export type Recipe = Counter | Histogram;

/** Rows that are requests of agents: of series and of the last day's figures alike. */
export const exchange = "Component = 'egress' AND HttpMethod != ''";
const model = `${exchange} AND Provider != ''`;
const mcp = `${exchange} AND McpMethod != ''`;
const seconds = 'Duration / 1e9';
/** Calls that count as errors. */
export const failed = "phase IN ('Failed', 'Timeout', 'Rejected')";
/** A call whose record came twice is one call. */
const calls = 'uniqExact(id)';

const ofModels = { model: 'Model', provider: 'Provider', route: 'DecisionRoute' };
const ofTools = { method: 'McpMethod', tool: 'McpTool' };

export const catalogue: readonly Recipe[] = [
  {
    id: 'gen_ai.tokens',
    description: 'Tokens that providers counted',
    unit: '{token}',
    type: 'Counter',
    source: 'spans',
    where: model,
    sum: 'sum(part.2)',
    parts: { dimension: 'token_type', of: { input: 'InputTokens', output: 'OutputTokens' } },
    dimensions: ofModels,
  },
  {
    id: 'gen_ai.cost',
    description: 'What calls of models cost, where the price is known',
    unit: 'USD',
    type: 'Counter',
    source: 'spans',
    where: model,
    sum: 'sum(CostUsd)',
    dimensions: ofModels,
  },
  {
    id: 'gen_ai.duration',
    description: 'How long calls of models took, from the request to the end of the answer',
    unit: 's',
    type: 'Histogram',
    source: 'spans',
    where: `${model} AND Decision != 'deny'`,
    value: seconds,
    dimensions: ofModels,
  },
  {
    id: 'mcp.calls',
    description: 'Messages to MCP servers',
    unit: '{call}',
    type: 'Counter',
    source: 'spans',
    where: mcp,
    sum: 'sum(RecordCount)',
    dimensions: { ...ofTools, decision: 'Decision' },
  },
  {
    id: 'mcp.duration',
    description: 'How long MCP servers took',
    unit: 's',
    type: 'Histogram',
    source: 'spans',
    where: `${mcp} AND Decision != 'deny'`,
    value: seconds,
    dimensions: ofTools,
  },
  {
    id: 'egress.requests',
    description: 'HTTP requests of agents, those that were refused too',
    unit: '{request}',
    type: 'Counter',
    source: 'spans',
    where: exchange,
    sum: 'sum(RecordCount)',
    dimensions: {
      status_class: "if(HttpStatus = 0, 'none', concat(toString(intDiv(HttpStatus, 100)), 'xx'))",
      decision: 'Decision',
      deny_reason: 'DenyReason',
      error: 'ErrorType',
      route: 'DecisionRoute',
    },
  },
  {
    id: 'egress.bytes',
    description: 'Bytes of bodies that agents sent and got',
    unit: 'By',
    type: 'Counter',
    source: 'spans',
    where: exchange,
    sum: 'sum(part.2)',
    parts: { dimension: 'direction', of: { sent: 'RequestBytes', received: 'ResponseBytes' } },
    dimensions: { route: 'DecisionRoute' },
  },
  {
    id: 'agent.invocations',
    description: 'Invocations that have ended',
    unit: '{invocation}',
    type: 'Counter',
    source: 'calls',
    where: '1',
    sum: calls,
    dimensions: { phase: 'phase' },
  },
  {
    id: 'agent.errors',
    description: 'Invocations that failed, ran out of time or were not taken',
    unit: '{invocation}',
    type: 'Counter',
    source: 'calls',
    where: failed,
    sum: calls,
    dimensions: { phase: 'phase', reason: 'reason' },
  },
  {
    id: 'agent.duration',
    description: 'How long invocations took, those that were not taken left out',
    unit: 's',
    type: 'Histogram',
    source: 'calls',
    where: "phase != 'Rejected'",
    value: 'total_ms / 1000',
    dimensions: { phase: 'phase' },
  },
  {
    id: 'budget.denied',
    description: 'Calls that a budget refused',
    unit: '{request}',
    type: 'Counter',
    source: 'spans',
    where: `${exchange} AND DenyReason = 'budget'`,
    sum: 'sum(RecordCount)',
    dimensions: ofModels,
  },
  {
    id: 'log.severity',
    description: 'Lines of logs by their severity',
    unit: '{line}',
    type: 'Counter',
    source: 'logs',
    where: '1',
    sum: 'count()',
    dimensions: { severity: 'SeverityText', component: 'Component' },
  },
];

interface SourceFacts {
  readonly table: string;
  readonly time: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly scopes: readonly ScopeKind[];
}

const ofAgents: readonly ScopeKind[] = ['TaskAgent', 'DaemonAgent'];
const ofRecords = {
  agent: 'Agent',
  namespace: "splitByChar('/', Agent)[2]",
  gateway: 'EGRef',
};

export const sources: Readonly<Record<Source, SourceFacts>> = {
  spans: {
    table: tables.traces,
    time: 'Timestamp',
    dimensions: ofRecords,
    scopes: [...ofAgents, 'EgressGateway'],
  },
  logs: {
    table: tables.logs,
    time: 'Timestamp',
    dimensions: ofRecords,
    scopes: [...ofAgents, 'EgressGateway'],
  },
  calls: {
    table: tables.byAgent,
    time: 'created_at',
    dimensions: {
      agent: "concat(agent_kind, '/', namespace, '/', agent_name)",
      namespace: 'namespace',
      trigger: 'trigger',
      revision: 'revision',
    },
    scopes: ofAgents,
  },
};

export function findRecipe(id: string): Recipe | undefined {
  return catalogue.find((recipe) => recipe.id === id);
}

/** Names to group by, with their expressions. */
export function dimensionsOf(recipe: Recipe): Readonly<Record<string, string>> {
  const parts = recipe.type === 'Counter' ? recipe.parts : undefined;
  return {
    ...sources[recipe.source].dimensions,
    ...recipe.dimensions,
    ...(parts === undefined ? {} : { [parts.dimension]: 'part.1' }),
  };
}
