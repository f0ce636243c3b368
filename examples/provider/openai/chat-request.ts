/** Chat completions as they are asked for (platform.openai.com/docs/api-reference/chat). Pure. */
import {
  joinTexts,
  mediaOfData,
  mediaOfUrl,
  turnOf,
  type Ask,
  type Media,
  type ToolOutput,
  type Turn,
} from '../ask.ts';
import type { ProviderReply, ProviderRequest } from '../exchange.ts';
import {
  asCount,
  asObject,
  asObjects,
  asString,
  asStrings,
  contentText,
  settingsOf,
  type JsonObject,
} from '../json.ts';
import { openaiError } from './error.ts';
import { openBody } from './opened-body.ts';

const members = new Set(
  (
    'messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens ' +
    'metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key ' +
    'prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier ' +
    'stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options'
  ).split(' '),
);

function mediaOf(part: JsonObject): Media | undefined {
  switch (part['type']) {
    case 'image_url':
      return mediaOfUrl('image', asString(asObject(part['image_url'])?.['url']) ?? '');
    case 'input_audio': {
      const { data, format } = asObject(part['input_audio']) ?? {};
      return mediaOfData('audio', `audio/${asString(format) ?? ''}`, asString(data) ?? '');
    }
    case 'file':
      return mediaOfUrl('file', asString(asObject(part['file'])?.['file_data']) ?? '');
    default:
      return undefined;
  }
}

function outputOf(message: JsonObject): ToolOutput {
  return {
    id: asString(message['tool_call_id']),
    name: undefined,
    text: contentText(message['content']),
    isError: false,
  };
}

function readTurn(message: JsonObject): Turn | undefined {
  const text = contentText(message['content']);
  switch (message['role']) {
    case 'user': {
      const media = asObjects(message['content']).flatMap((part) => mediaOf(part) ?? []);
      return turnOf('user', { text, media });
    }
    case 'assistant': {
      const calls = asObjects(message['tool_calls']).map((call) => ({
        id: asString(call['id']),
        name: asString(asObject(call['function'])?.['name']) ?? '',
      }));
      return turnOf('assistant', { text, calls });
    }
    case 'tool':
      return turnOf('tool', { results: [outputOf(message)] });
    default:
      return undefined;
  }
}

/** Every call is answered before the conversation goes on, and nothing else is. */
function danglingCall(turns: readonly Turn[]): string | undefined {
  let open: string[] = [];
  for (const turn of turns) {
    if (turn.role === 'tool') {
      const id = turn.results[0]?.id ?? '';
      if (!open.includes(id))
        return "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
      open = open.filter((each) => each !== id);
    } else {
      if (open.length > 0) break;
      open = turn.calls.map((call) => call.id ?? '');
    }
  }
  return open.length === 0
    ? undefined
    : `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${open.join(', ')}`;
}

function choiceOf(choice: unknown): Ask['toolChoice'] {
  const name = asString(asObject(asObject(choice)?.['function'])?.['name']);
  if (name !== undefined) return { name };
  if (choice === 'required') return 'any';
  return choice === 'none' ? 'none' : 'auto';
}

function formatOf(format: JsonObject | undefined): Ask['format'] {
  if (format === undefined || format['type'] === 'text') return undefined;
  return { schema: asObject(asObject(format['json_schema'])?.['schema']) };
}

function readSettings(body: JsonObject): Omit<Ask, 'model' | 'turns' | 'system'> {
  const stop = body['stop'];
  return {
    stream: body['stream'] === true,
    tools: asObjects(body['tools']).flatMap((tool) => {
      const name = asString(asObject(tool['function'])?.['name']);
      return name === undefined ? [] : [{ name, schema: asObject(tool['function'])?.['parameters'] }];
    }),
    toolChoice: choiceOf(body['tool_choice']),
    parallel: body['parallel_tool_calls'] !== false,
    format: formatOf(asObject(body['response_format'])),
    maxTokens: asCount(body['max_completion_tokens']) ?? asCount(body['max_tokens']),
    stop: typeof stop === 'string' ? [stop] : asStrings(stop),
    showsThoughts: false,
    settings: settingsOf(body, ['temperature', 'top_p', 'seed', 'reasoning_effort']),
  };
}

export function readChat(request: ProviderRequest): Ask | ProviderReply {
  const opened = openBody(request, members);
  if ('refused' in opened) return opened.refused;
  const { body, model } = opened;
  const messages = asObjects(body['messages']);
  if (messages.length === 0)
    return openaiError(
      400,
      "Invalid 'messages': empty array. Expected an array with minimum length 1.",
      'messages',
    );
  if (body['n'] !== undefined && body['n'] !== 1)
    return openaiError(400, "Invalid value for 'n': this stand-in answers with one choice.", 'n');
  const turns = messages.flatMap((message) => readTurn(message) ?? []);
  const dangling = danglingCall(turns);
  if (dangling !== undefined) return openaiError(400, dangling, 'messages');
  const system = messages.filter(({ role }) => role === 'system' || role === 'developer');
  return {
    model,
    turns,
    system: joinTexts(system.map((message) => contentText(message['content']))),
    ...readSettings(body),
  };
}
