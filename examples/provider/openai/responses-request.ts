/** OpenAI's Responses API as it is asked (platform.openai.com/docs/api-reference/responses). Pure. */
import { joinTexts, mediaOfUrl, turnOf, type Ask, type Media, type Turn } from '../ask.ts';
import type { ProviderReply, ProviderRequest } from '../exchange.ts';
import { asCount, asObject, asObjects, asString, contentText, settingsOf, type JsonObject } from '../json.ts';
import { openaiError } from './error.ts';
import { openBody } from './opened-body.ts';

const members = new Set(
  (
    'background context_management conversation include input instructions max_output_tokens max_tool_calls metadata model ' +
    'moderation parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options ' +
    'prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text ' +
    'tool_choice tools top_logprobs top_p truncation user client_metadata'
  ).split(' '),
);

function mediaOf(part: JsonObject): Media | undefined {
  if (part['type'] === 'input_image') return mediaOfUrl('image', asString(part['image_url']) ?? '');
  if (part['type'] === 'input_file')
    return mediaOfUrl('file', asString(part['file_data']) ?? asString(part['file_url']) ?? '');
  return undefined;
}

function readTurn(item: JsonObject): Turn | undefined {
  const id = asString(item['call_id']);
  switch (item['type'] ?? 'message') {
    case 'message': {
      const text = contentText(item['content']);
      if (item['role'] === 'assistant') return turnOf('assistant', { text });
      const media = asObjects(item['content']).flatMap((part) => mediaOf(part) ?? []);
      return item['role'] === 'user' ? turnOf('user', { text, media }) : undefined;
    }
    case 'function_call':
      return turnOf('assistant', { calls: [{ id, name: asString(item['name']) ?? '' }] });
    case 'function_call_output': {
      const text = contentText(item['output']);
      return turnOf('tool', { results: [{ id, name: undefined, text, isError: false }] });
    }
    default:
      return undefined;
  }
}

/** Items of one turn of the assistant (text, then calls) are one turn. */
function joinTurns(turns: readonly Turn[]): readonly Turn[] {
  const joined: Turn[] = [];
  for (const turn of turns) {
    const last = joined.at(-1);
    if (turn.role === 'assistant' && last?.role === 'assistant')
      joined[joined.length - 1] = {
        ...last,
        text: joinTexts([last.text, turn.text]),
        calls: [...last.calls, ...turn.calls],
      };
    else joined.push(turn);
  }
  return joined;
}

function danglingCall(turns: readonly Turn[]): string | undefined {
  const asked = new Set(turns.flatMap(({ calls }) => calls.map((call) => call.id)));
  const told = new Set(turns.flatMap(({ results }) => results.map((result) => result.id)));
  const open = [...asked].find((id) => !told.has(id));
  if (open !== undefined) return `No tool output found for function call ${open}.`;
  const strange = [...told].find((id) => !asked.has(id));
  return strange === undefined
    ? undefined
    : `No tool call found for function call output with call_id ${strange}.`;
}

function choiceOf(choice: unknown): Ask['toolChoice'] {
  const name = asString(asObject(choice)?.['name']);
  if (name !== undefined) return { name };
  if (choice === 'required') return 'any';
  return choice === 'none' ? 'none' : 'auto';
}

function formatOf(format: JsonObject | undefined): Ask['format'] {
  if (format === undefined || format['type'] === 'text') return undefined;
  return { schema: asObject(format['schema']) };
}

function readSettings(body: JsonObject): Omit<Ask, 'model' | 'turns' | 'system'> {
  return {
    stream: body['stream'] === true,
    tools: asObjects(body['tools']).flatMap((tool) => {
      const name = asString(tool['name']);
      return name === undefined ? [] : [{ name, schema: tool['parameters'] }];
    }),
    toolChoice: choiceOf(body['tool_choice']),
    parallel: body['parallel_tool_calls'] !== false,
    format: formatOf(asObject(asObject(body['text'])?.['format'])),
    maxTokens: asCount(body['max_output_tokens']),
    stop: [],
    showsThoughts: asObject(body['reasoning'])?.['summary'] !== undefined,
    settings: {
      ...settingsOf(body, ['temperature', 'top_p']),
      reasoning_effort: asObject(body['reasoning'])?.['effort'],
    },
  };
}

function inputItems(input: unknown): readonly JsonObject[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  return asObjects(input);
}

export function readResponses(request: ProviderRequest): Ask | ProviderReply {
  const opened = openBody(request, members);
  if ('refused' in opened) return opened.refused;
  const { body, model } = opened;
  const items = inputItems(body['input']);
  if (items.length === 0)
    return openaiError(400, "Missing required parameter: 'input'.", 'input', 'missing_required_parameter');
  const turns = joinTurns(items.flatMap((item) => readTurn(item) ?? []));
  const dangling = danglingCall(turns);
  if (dangling !== undefined) return openaiError(400, dangling, 'input');
  const system = items.filter(({ role }) => role === 'system' || role === 'developer');
  const said = [asString(body['instructions']) ?? '', ...system.map((item) => contentText(item['content']))];
  return { model, turns, system: joinTexts(said), ...readSettings(body) };
}
