/** Anthropic's messages as they are asked for (docs.anthropic.com/en/api/messages). Pure. */
import { joinTexts, type Ask } from '../ask.ts';
import type { ProviderReply, ProviderRequest } from '../exchange.ts';
import {
  asCount,
  asObject,
  asObjects,
  asString,
  asStrings,
  contentText,
  settingsOf,
  unknownMember,
  type JsonObject,
} from '../json.ts';
import { anthropicError } from './error.ts';
import { readTurns } from './turn.ts';

const members = new Set(
  (
    'max_tokens messages model cache_control container context_management diagnostics fallbacks inference_geo mcp_servers ' +
    'metadata output_config output_format service_tier speed stop_sequences stream system temperature thinking tool_choice ' +
    'tools top_k top_p user_profile_id workspace_id'
  ).split(' '),
);

function choiceOf(choice: JsonObject | undefined): Ask['toolChoice'] {
  const name = asString(choice?.['name']);
  if (name !== undefined) return { name };
  const type = choice?.['type'];
  return type === 'any' || type === 'none' ? type : 'auto';
}

function isThinking(body: JsonObject): boolean {
  const type = asObject(body['thinking'])?.['type'];
  return type === 'enabled' || type === 'adaptive';
}

function budgetProblem(body: JsonObject): string | undefined {
  const budget = asCount(asObject(body['thinking'])?.['budget_tokens']);
  if (budget === undefined) return undefined;
  if (budget < 1024) return 'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024';
  return budget >= (asCount(body['max_tokens']) ?? 0)
    ? '`max_tokens` must be greater than `thinking.budget_tokens`.'
    : undefined;
}

function thinkingProblem(body: JsonObject): string | undefined {
  if (!isThinking(body)) return undefined;
  if (body['temperature'] !== undefined && body['temperature'] !== 1)
    return '`temperature` may only be set to 1 when thinking is enabled.';
  const choice = asString(asObject(body['tool_choice'])?.['type']);
  return choice === 'any' || choice === 'tool'
    ? 'Thinking may not be enabled when tool_choice forces tool use.'
    : budgetProblem(body);
}

function samplingProblem(body: JsonObject): string | undefined {
  const { temperature } = body;
  if (typeof temperature === 'number' && temperature > 1)
    return 'temperature: Input should be less than or equal to 1';
  if (asStrings(body['stop_sequences']).some((each) => each.trim() === ''))
    return 'stop_sequences: each stop sequence must contain non-whitespace';
  return undefined;
}

function memberProblem(body: JsonObject, counting: boolean): string | undefined {
  const strange = unknownMember(body, members);
  if (strange !== undefined) return `${strange}: Extra inputs are not permitted`;
  if (!counting && (asCount(body['max_tokens']) ?? 0) < 1) return 'max_tokens: Field required';
  const nameless = asObjects(body['tools']).find(
    ({ name }) => typeof name !== 'string' || !/^[\w-]{1,128}$/.test(name),
  );
  if (nameless !== undefined)
    return "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'";
  return thinkingProblem(body) ?? samplingProblem(body);
}

function readSettings(body: JsonObject): Omit<Ask, 'model' | 'turns' | 'system'> {
  const choice = asObject(body['tool_choice']);
  const format = asObject(asObject(body['output_config'])?.['format']) ?? asObject(body['output_format']);
  return {
    stream: body['stream'] === true,
    tools: asObjects(body['tools']).flatMap((tool) => {
      const name = asString(tool['name']);
      return name === undefined ? [] : [{ name, schema: tool['input_schema'] }];
    }),
    toolChoice: choiceOf(choice),
    parallel: choice?.['disable_parallel_tool_use'] !== true,
    format: format && { schema: asObject(format['schema']) },
    maxTokens: asCount(body['max_tokens']),
    stop: asStrings(body['stop_sequences']),
    showsThoughts: isThinking(body),
    settings: settingsOf(body, ['temperature', 'top_p', 'top_k', 'thinking']),
  };
}

/** Claude Code's beta: system messages among the others. */
function takesLaterSystem({ headers }: ProviderRequest): boolean {
  return (headers['anthropic-beta'] ?? '').includes('mid-conversation-system');
}

/** `model`: where the body does not name it (Bedrock). `counting`: for its input alone. */
export function readMessages(
  request: ProviderRequest,
  body: JsonObject,
  model: string,
  counting = false,
): Ask | ProviderReply {
  const problem = memberProblem(body, counting);
  if (problem !== undefined) return anthropicError(400, problem, request);
  const all = asObjects(body['messages']);
  const later = takesLaterSystem(request) ? all.filter(({ role }) => role === 'system') : [];
  const turns = readTurns(all.filter((message) => !later.includes(message)));
  if (typeof turns === 'string') return anthropicError(400, turns, request);
  const system = joinTexts([body['system'] ?? '', ...later.map(({ content }) => content)].map(contentText));
  return { model, turns, system, ...readSettings(body) };
}

/** As `POST /v1/messages` and its count have it: the model in the body. */
export function readOwnMessages(request: ProviderRequest, counting = false): Ask | ProviderReply {
  const body = asObject(request.json);
  if (body === undefined) return anthropicError(400, 'The request body is not valid JSON', request);
  const model = asString(body['model']);
  if (model === undefined) return anthropicError(400, 'model: Field required', request);
  if (!model.startsWith('claude-')) return anthropicError(404, `model: ${model.slice(0, 100)}`, request);
  return readMessages(request, body, model, counting);
}
