import { expect, test } from 'vitest';
import { operationTable, socketMethod } from '../../decision/index.ts';

/** `name model-source`. */
function read(schema: string, method: string, path: string): string {
  const operation = operationTable(schema)(method, path);
  if (operation === undefined) return 'unknown';
  const { model, name } = operation;
  return `${name ?? 'other'} ${model.from === 'path' ? `path ${model.model}` : model.from}`;
}

test.each([
  ['openai', 'POST', '/v1/chat/completions', 'chat body'],
  ['openai', 'POST', '/v1/responses', 'chat body'],
  ['openai', 'POST', '/v1/audio/transcriptions', 'other form'],
  ['openai', 'POST', '/v1/files', 'other nothing'],
  ['openai', 'GET', '/v1/models/o1-pro', 'other path o1-pro'],
  ['openai', 'PUT', '/v1/chat/completions', 'unknown'],
  ['openai', 'POST', '/v1/batches', 'unknown'],
  ['openai', socketMethod, '/v1/responses', 'chat messages'],
  ['openai', socketMethod, '/v1/realtime', 'chat session'],
  ['openai', socketMethod, '/v1/models/o1', 'unknown'],
  ['openai', 'GET', '/v1/responses', 'unknown'],
  ['azure-openai', socketMethod, '/openai/v1/responses', 'chat messages'],
  ['openai', 'POST', '/v1/organization/admin_api_keys', 'unknown'],
  ['openai', 'POST', '/V1/chat/completions', 'unknown'],
  ['openai', 'POST', '/v1/chat/completions/', 'unknown'],
  ['anthropic', 'POST', '/v1/messages', 'chat body'],
  ['anthropic', 'POST', '/v1/messages/count_tokens', 'other body'],
  ['anthropic', 'POST', '/v1/chat/completions', 'chat body'],
  ['google', 'POST', '/v1beta/models/gemini-pro:generateContent', 'generate_content path gemini-pro'],
  ['google', 'POST', '/v1beta/models/gemini-pro:predict', 'other path gemini-pro'],
  ['google', 'POST', '/v1beta/openai/chat/completions', 'chat body'],
  ['azure-openai', 'POST', '/openai/deployments/o1-pro/chat/completions', 'chat path o1-pro'],
  ['azure-openai', 'POST', '/openai/deployments/dall-e-3/images/generations', 'other path dall-e-3'],
  ['azure-openai', 'POST', '/openai/deployments/o1-pro/extensions/chat/completions', 'other path o1-pro'],
  ['azure-openai', 'POST', '/OpenAI/deployments/o1-pro/chat/completions', 'unknown'],
  ['azure-openai', 'POST', '/openai/v1/chat/completions', 'chat body'],
  ['bedrock', 'POST', '/model/amazon.nova:0/converse-stream', 'chat path amazon.nova:0'],
  ['bedrock', 'POST', '/async-invoke', 'unknown'],
  ['bedrock', 'POST', '/openai/v1/chat/completions', 'chat body'],
  ['azure-openai', 'POST', '/anthropic/v1/messages', 'chat body'],
  ['custom', 'POST', '/v1/chat/completions', 'chat body'],
  ['custom', 'POST', '/v1/messages', 'chat body'],
  ['cohere', 'POST', '/v1/chat/completions', 'unknown'],
])('%s %s %s: %s', (schema, method, path, expected) => {
  expect(read(schema, method, path)).toBe(expected);
});
