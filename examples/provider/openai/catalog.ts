/** OpenAI's models and embeddings. Pure; vectors are made from the text's hash and have length one. */
import { createHash } from 'node:crypto';
import { countTokens } from '../tokens.ts';
import { jsonReply, type ProviderReply, type ProviderRequest } from '../exchange.ts';
import { asArray } from '../json.ts';
import { checkModel, openaiError, openaiModels } from './error.ts';
import { openBody } from './opened-body.ts';

/** text-embedding-3-small. */
const defaultDimensions = 1536;

const modelObject = (id: string): object => ({
  id,
  object: 'model',
  created: 1715367049,
  owned_by: 'system',
});

export function answerModels(request: ProviderRequest): ProviderReply {
  const id = decodeURIComponent(request.path.slice('/v1/models'.length).replace(/^\//, ''));
  if (id === '') return jsonReply(200, { object: 'list', data: openaiModels.map(modelObject) });
  const model = checkModel(id);
  return typeof model === 'string' ? jsonReply(200, modelObject(model)) : model;
}

function vectorOf(text: string, dimensions: number): readonly number[] {
  const bytes = createHash('sha256').update(text).digest();
  const raw = Array.from(
    { length: dimensions },
    (_none, index) => ((bytes[index % 32] ?? 0) - 127.5) / ((index >> 5) + 1),
  );
  const norm = Math.hypot(...raw);
  return raw.map((value) => value / norm);
}

function encoded(vector: readonly number[], format: unknown): unknown {
  return format === 'base64' ? Buffer.from(new Float32Array(vector).buffer).toString('base64') : vector;
}

function parseInput(input: unknown): readonly string[] | undefined {
  const texts = typeof input === 'string' ? [input] : asArray(input);
  const strings = texts.filter((text) => typeof text === 'string');
  return texts.length > 0 && texts.length <= 2048 && strings.length === texts.length ? strings : undefined;
}

function isDimensions(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 3072;
}

export function answerEmbeddings(request: ProviderRequest): ProviderReply {
  const opened = openBody(request);
  if ('refused' in opened) return opened.refused;
  const { body, model } = opened;
  const { input, dimensions = defaultDimensions, encoding_format: format } = body;
  const texts = parseInput(input);
  if (texts === undefined) return openaiError(400, "'$.input' is invalid.", 'input');
  if (!isDimensions(dimensions)) return openaiError(400, "Invalid value for 'dimensions'.", 'dimensions');
  const data = texts.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: encoded(vectorOf(text, dimensions), format),
  }));
  const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
  return jsonReply(200, {
    object: 'list',
    data,
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}
