/**
 * Usage in answers of InvokeModel, whose bodies are the model's own: those of Anthropic, Nova, Llama and Titan say it, and each stream
 * ends with the sums of Bedrock itself. Pure. A body of another model says nothing, and is left unknown.
 */
import { anthropic } from '../anthropic/index.ts';
import { asCount, asObject, asObjects, asText, learn, sumOf, type Facts, type JsonObject } from '../codec.ts';
import { listOf, objectOf, type ObjectShape, type Shape } from '../json-shape.ts';

const metricsName = 'amazon-bedrock-invocationMetrics';
/** Of one part of a stream, as text: usage is told in a few hundred bytes. */
const maxPart = 256 * 1024;

const own: Readonly<Record<string, Shape>> = {
  [metricsName]: objectOf({
    inputTokenCount: 'scalar',
    outputTokenCount: 'scalar',
    cacheReadInputTokenCount: 'scalar',
    cacheWriteInputTokenCount: 'scalar',
  }),
  prompt_token_count: 'scalar',
  generation_token_count: 'scalar',
  inputTextTokenCount: 'scalar',
  results: listOf(objectOf({ tokenCount: 'scalar' })),
};

const isObject = (shape: Shape | undefined): shape is ObjectShape =>
  typeof shape === 'object' && shape.kind === 'object';

/** What is wanted of an answer, where Converse's and the models' own have members of one name. */
export function withInvoke(converse: ObjectShape): ObjectShape {
  const members: Record<string, Shape> = { ...Object.fromEntries(anthropic.responseShape.members), ...own };
  for (const [name, shape] of converse.members) {
    const other = members[name];
    members[name] =
      isObject(shape) && isObject(other)
        ? objectOf({ ...Object.fromEntries(other.members), ...Object.fromEntries(shape.members) })
        : shape;
  }
  return objectOf(members);
}

/** A part of InvokeModelWithResponseStream holds the model's own event in base64; undefined: it is none. */
function innerOf({ bytes }: JsonObject): JsonObject | undefined {
  if (typeof bytes !== 'string' || bytes.length > maxPart) return undefined;
  try {
    return asObject(JSON.parse(Buffer.from(bytes, 'base64').toString('utf8')));
  } catch {
    return undefined;
  }
}

function readMetrics(metrics: JsonObject, facts: Facts): void {
  const read = asCount(metrics['cacheReadInputTokenCount']);
  const written = asCount(metrics['cacheWriteInputTokenCount']);
  const input = asCount(metrics['inputTokenCount']);
  learn(facts, {
    inputTokens: input === undefined ? undefined : sumOf(input, read, written),
    outputTokens: asCount(metrics['outputTokenCount']),
    cacheReadTokens: read,
    cacheCreationTokens: written,
  });
  facts.usage = 'whole';
}

/** Llama and Titan, plain. */
function readCounts(body: JsonObject, facts: Facts): void {
  const results = asObjects(body['results']).map(({ tokenCount }) => asCount(tokenCount));
  const inputTokens = asCount(body['prompt_token_count']) ?? asCount(body['inputTextTokenCount']);
  const outputTokens = asCount(body['generation_token_count']) ?? sumOf(...results);
  if (inputTokens === undefined && outputTokens === undefined) return;
  learn(facts, { inputTokens, outputTokens });
  // Each event of a stream counts so far; the last word is Bedrock's own.
  facts.usage = 'partial';
  const stop = asText(body['stop_reason']);
  if (stop === undefined && results.length === 0) return;
  if (stop !== undefined) facts.finishReasons = [stop];
  facts.usage = 'whole';
}

/** A message of Anthropic's, or an event of one, tells its input and output by these names. */
function isAnthropic(body: JsonObject): boolean {
  const usage = asObject(body['usage']) ?? asObject(asObject(body['message'])?.['usage']);
  return usage !== undefined && ('input_tokens' in usage || 'output_tokens' in usage);
}

/** False: it is no answer of InvokeModel. */
export function readInvoke(body: JsonObject, facts: Facts): boolean {
  const inner = innerOf(body);
  const event = inner ?? body;
  const metrics = asObject(event[metricsName]);
  if (isAnthropic(event)) anthropic.readResponse(event, facts);
  else readCounts(event, facts);
  if (metrics !== undefined) readMetrics(metrics, facts);
  return inner !== undefined || metrics !== undefined || isAnthropic(event);
}
