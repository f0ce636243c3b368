/** Amazon Bedrock: the model is in the path; Converse answers carry usage. Event streams are not read (binary). */
import { asCount, asObject, asText, learn, type ProviderCodec } from '../codec.ts';

const modelPath = /^\/model\/([^/]+)\/(converse|converse-stream|invoke|invoke-with-response-stream)$/;

export const bedrock: ProviderCodec = {
  provider: 'bedrock',
  genAiName: 'aws.bedrock',
  system: 'aws.bedrock',
  priceId: 'aws',
  operation: (method, path) => (method === 'POST' && modelPath.test(path) ? 'chat' : undefined),
  factsOfPath: (path) => {
    const match = modelPath.exec(path);
    if (match?.[1] === undefined) return {};
    return { model: match[1].slice(0, 200), stream: match[2]?.endsWith('stream') === true };
  },
  readRequest: () => undefined,
  readResponse: (body, facts) => {
    const stop = asText(body['stopReason']);
    if (stop !== undefined) facts.finishReasons = [stop];
    const usage = asObject(body['usage']);
    learn(facts, {
      inputTokens: asCount(usage?.['inputTokens']),
      outputTokens: asCount(usage?.['outputTokens']),
      cacheReadTokens: asCount(usage?.['cacheReadInputTokens']),
      cacheCreationTokens: asCount(usage?.['cacheWriteInputTokens']),
    });
  },
  renderError: (_status, code, message) => JSON.stringify({ message: `${message} [${code}]` }),
};
