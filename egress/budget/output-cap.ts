/**
 * Where each API names the most an answer may hold, and how a request is told less. Pure. Only what the called API reads as its
 * limit counts: another API's spelling of it limits nothing.
 */
import type { ApiShape, Operation } from '../../decision/index.ts';
import { chatLimitName } from '../providers/index.ts';
import { insertFirst, type BodyRead, type Edit, type OutputCapName } from '../body/index.ts';

const namesByShape: Readonly<Record<ApiShape, readonly OutputCapName[]>> = {
  openai: ['max_completion_tokens', 'max_tokens'],
  'openai-responses': ['max_output_tokens'],
  anthropic: ['max_tokens', 'max_tokens_to_sample'],
  google: ['generationConfig.maxOutputTokens'],
  'bedrock-converse': ['inferenceConfig.maxTokens'],
  'bedrock-invoke': [],
};

function capsOf({ shape }: Operation, { spans }: BodyRead) {
  return (spans.outputCaps ?? []).filter(({ name }) => namesByShape[shape].includes(name));
}

/** Some servers take a limit below nought for none. */
const isNone = (tokens: number): boolean => tokens < 0;

/** Whether the request says that there is to be no limit. */
export function refusesCap(operation: Operation, read: BodyRead): boolean {
  return capsOf(operation, read).some(({ tokens = 0 }) => isNone(tokens));
}

/** The largest limit the request names; undefined: none. */
export function readOutputCap(operation: Operation, read: BodyRead): number | undefined {
  const named = capsOf(operation, read).flatMap(({ tokens }) => tokens ?? []);
  return named.length === 0 || named.some(isNone) ? undefined : Math.ceil(Math.max(...named));
}

function insertCap(
  operation: Operation,
  schema: string | undefined,
  read: BodyRead,
  cap: number,
): Edit | undefined {
  const { root, generationConfig, inferenceConfig } = read.spans;
  if (root === undefined) return undefined;
  switch (operation.shape) {
    case 'openai': {
      const name = operation.name === 'chat' ? chatLimitName(schema) : 'max_tokens';
      return insertFirst(root, `"${name}":${cap}`);
    }
    case 'openai-responses':
      return insertFirst(root, `"max_output_tokens":${cap}`);
    case 'anthropic':
      return insertFirst(
        root,
        `"${operation.name === 'chat' ? 'max_tokens' : 'max_tokens_to_sample'}":${cap}`,
      );
    case 'google':
      return generationConfig === undefined
        ? insertFirst(root, `"generationConfig":{"maxOutputTokens":${cap}}`)
        : insertFirst(generationConfig, `"maxOutputTokens":${cap}`);
    case 'bedrock-converse':
      return inferenceConfig === undefined
        ? insertFirst(root, `"inferenceConfig":{"maxTokens":${cap}}`)
        : insertFirst(inferenceConfig, `"maxTokens":${cap}`);
    case 'bedrock-invoke':
      return undefined;
  }
}

/** The edits after which no answer holds more than `cap` tokens; undefined: the body cannot say so. */
export function capOutput(
  call: { readonly operation: Operation; readonly schema: string | undefined },
  read: BodyRead,
  cap: number,
): readonly Edit[] | undefined {
  const named = capsOf(call.operation, read);
  if (named.some(({ tokens }) => tokens !== undefined)) {
    const over = named.filter(({ tokens = Number.POSITIVE_INFINITY }) => tokens > cap || isNone(tokens));
    return over.map(({ start, end }) => ({ start, end, bytes: Buffer.from(String(cap)) }));
  }
  const [first] = named;
  if (first !== undefined) return [{ start: first.start, end: first.end, bytes: Buffer.from(String(cap)) }];
  const inserted = insertCap(call.operation, call.schema, read, cap);
  return inserted === undefined ? undefined : [inserted];
}
