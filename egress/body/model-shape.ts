/**
 * What decides of a body for a model provider: the model and how the answer comes. One model is named, or none; a body
 * that names several, or could be read so, is refused (S46). Pure.
 */
import {
  outputCapNames,
  type BodyRead,
  type BodyResult,
  type BodySpans,
  type OutputCap,
  type OutputCapName,
} from './body-result.ts';
import type { JsonShape } from './json-body-reader.ts';
import type { JsonValue } from './json-scanner.ts';
import { unreadable, type Unreadable } from './unreadable.ts';
import { wantObject, wantPresence, wantScalar } from './wanted.ts';

const cap = (name: OutputCapName) => wantScalar(name);
const choices = wantScalar('choices');
const googleCap = cap('generationConfig.maxOutputTokens');
const googleCaps = wantObject('generationConfig', {
  maxOutputTokens: googleCap,
  max_output_tokens: googleCap,
  candidateCount: choices,
  candidate_count: choices,
});

const wantedModel = wantObject('root', {
  model: wantScalar('model'),
  // Lists by which routers choose another model than the one that was judged.
  models: wantPresence('models'),
  fallbacks: wantPresence('models'),
  // Tools that the provider runs by a model of its own: images, advisors.
  tools: wantObject('tools', {}, wantObject('tool', { model: wantScalar('toolModel') })),
  stream: wantScalar('stream'),
  stream_options: {
    ...wantObject('streamOptions', { include_usage: wantScalar('includeUsage') }),
    // To tell null from what else is no object.
    maxBytes: 'false'.length,
  },
  max_tokens: cap('max_tokens'),
  max_completion_tokens: cap('max_completion_tokens'),
  max_output_tokens: cap('max_output_tokens'),
  max_tokens_to_sample: cap('max_tokens_to_sample'),
  n: choices,
  best_of: choices,
  generationConfig: googleCaps,
  generation_config: googleCaps,
  inferenceConfig: wantObject('inferenceConfig', { maxTokens: cap('inferenceConfig.maxTokens') }),
});

export const notOneModel = unreadable(
  'BODY_MODEL_UNREADABLE',
  '`model` must be one text that is not empty; leave out `models` and `fallbacks`',
);

const anotherModel = unreadable(
  'BODY_MODEL_UNREADABLE',
  'a tool names another model than `model`: leave it out, or name the same',
);

function badValue(name: string, kind: string): Unreadable {
  return unreadable('BODY_AMBIGUOUS', `${name} must be ${kind}, or be left out`);
}

const notObject = unreadable('BODY_NOT_JSON', 'the body must be one JSON object');
const badStream = badValue('`stream`', 'true or false');
const badOptions = badValue('`stream_options`', 'an object');
const badUsage = badValue('`stream_options.include_usage`', 'true or false');
const badCap = badValue('the limit of output tokens', 'a number');
const twoConfigs = badValue('one of `generationConfig` and `generation_config`', 'the only one');

const capNames: ReadonlySet<string> = new Set(outputCapNames);

function isCapName(key: string): key is OutputCapName {
  return capNames.has(key);
}

export class ModelShape implements JsonShape {
  readonly wanted = wantedModel;
  #model: string | undefined;
  /** What the tools name; `false`: several. */
  #toolModel: string | false | undefined;
  #stream: boolean | undefined;
  #includeUsage: boolean | undefined;
  #choices: number | undefined = 1;
  readonly #caps: OutputCap[] = [];
  readonly #spans: { -readonly [K in keyof BodySpans]: BodySpans[K] } = { outputCaps: this.#caps };

  value(value: JsonValue): Unreadable | undefined {
    switch (value.key) {
      case 'root':
        return this.#root(value);
      case 'model':
        return this.#takeModel(value);
      case 'models':
        return notOneModel;
      case 'toolModel':
        return this.#takeToolModel(value);
      case 'stream':
        return this.#takeStream(value);
      case 'includeUsage':
        return this.#takeUsage(value);
      case 'streamOptions':
        return this.#takeOptions(value);
      case 'choices':
        return this.#takeChoices(value);
      case 'generationConfig':
      case 'inferenceConfig':
        return this.#takeConfig(value.key, value);
      default:
        return isCapName(value.key) ? this.#takeCap(value.key, value) : undefined;
    }
  }

  result(): BodyResult {
    if (this.#toolModel !== undefined && this.#toolModel !== this.#model) return anotherModel;
    const read: BodyRead = {
      kind: 'read',
      format: 'json',
      model: this.#model,
      stream: this.#stream,
      includeUsage: this.#includeUsage,
      choices: this.#choices,
      rpc: undefined,
      spans: this.#spans,
    };
    return read;
  }

  #root({ kind, start, end, empty }: JsonValue): Unreadable | undefined {
    if (kind !== 'object') return notObject;
    this.#spans.root = { kind, start, end, empty };
    return undefined;
  }

  #takeModel({ value, start, end }: JsonValue): Unreadable | undefined {
    if (typeof value !== 'string' || value === '') return notOneModel;
    this.#model = value;
    this.#spans.model = { start, end };
    return undefined;
  }

  #takeToolModel({ value }: JsonValue): Unreadable | undefined {
    if (typeof value !== 'string' || value === '') return notOneModel;
    this.#toolModel = this.#toolModel === undefined || this.#toolModel === value ? value : false;
    return undefined;
  }

  #takeStream({ value }: JsonValue): Unreadable | undefined {
    // Some servers take "true" and 1 for true.
    if (value !== null && typeof value !== 'boolean') return badStream;
    this.#stream = value ?? undefined;
    return undefined;
  }

  #takeOptions({ kind, value, start, end, empty }: JsonValue): Unreadable | undefined {
    if (kind !== 'object' && value !== null) return badOptions;
    this.#spans.streamOptions =
      kind === 'object' ? { kind, start, end, empty } : { kind: 'null', start, end };
    return undefined;
  }

  #takeUsage({ value, start, end }: JsonValue): Unreadable | undefined {
    if (value !== null && typeof value !== 'boolean') return badUsage;
    this.#includeUsage = value ?? undefined;
    this.#spans.includeUsage = { start, end };
    return undefined;
  }

  #takeCap(name: OutputCapName, { value, start, end }: JsonValue): Unreadable | undefined {
    if (value !== null && typeof value !== 'number') return badCap;
    this.#caps.push({ name, start, end, tokens: value ?? undefined });
    return undefined;
  }

  #takeChoices({ value }: JsonValue): undefined {
    if (value === null) return;
    const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
    this.#choices = isCount && this.#choices !== undefined ? Math.max(value, this.#choices) : undefined;
  }

  #takeConfig(key: 'generationConfig' | 'inferenceConfig', value: JsonValue): Unreadable | undefined {
    if (value.kind !== 'object') return undefined;
    if (this.#spans[key] !== undefined) return twoConfigs;
    const { kind, start, end, empty } = value;
    this.#spans[key] = { kind, start, end, empty };
    return undefined;
  }
}
