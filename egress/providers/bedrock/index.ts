/** Amazon Bedrock: the model is in the path; Converse answers carry usage, ConverseStream's in its last event; InvokeModel: invoke.ts. */
import { priceIds } from '../../../decision/index.ts';
import { asCount, asObject, asObjects, asText, learn, sumOf, type ProviderCodec } from '../codec.ts';
import { listOf, objectOf } from '../json-shape.ts';
import { readInvoke, withInvoke } from './invoke.ts';

const converse = objectOf({
  stopReason: 'scalar',
  usage: objectOf({
    inputTokens: 'scalar',
    outputTokens: 'scalar',
    cacheReadInputTokens: 'scalar',
    cacheWriteInputTokens: 'scalar',
    cacheDetails: listOf(objectOf({ ttl: 'scalar', inputTokens: 'scalar' })),
  }),
});

export const bedrock: ProviderCodec = {
  provider: 'bedrock',
  genAiName: 'aws.bedrock',
  system: 'aws.bedrock',
  priceId: priceIds.bedrock,
  responseShape: withInvoke(converse),
  readResponse: (body, facts) => {
    if (readInvoke(body, facts)) return;
    const stop = asText(body['stopReason']);
    if (stop !== undefined) facts.finishReasons = [stop];
    const usage = asObject(body['usage']);
    if (usage === undefined) return;
    const read = asCount(usage['cacheReadInputTokens']);
    const written = asCount(usage['cacheWriteInputTokens']);
    const input = asCount(usage['inputTokens']);
    const hours = asObjects(usage['cacheDetails'])
      .filter(({ ttl }) => ttl === '1h')
      .map(({ inputTokens }) => asCount(inputTokens));
    learn(facts, {
      // Converse tells cached input apart from the rest.
      inputTokens: input === undefined ? undefined : sumOf(input, read, written),
      outputTokens: asCount(usage['outputTokens']),
      cacheReadTokens: read,
      cacheCreationTokens: written,
      cacheCreationHourTokens: sumOf(...hours),
    });
    facts.usage = 'whole';
  },
  renderError: (_status, code, message) => JSON.stringify({ message: `${message} [${code}]` }),
};
