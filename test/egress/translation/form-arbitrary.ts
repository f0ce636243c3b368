/** Random requests, answers and streams in the form, of what a codec can say; and what a stream comes to. */
import fc from 'fast-check';
import type {
  Finish,
  FormEvent,
  FormRequest,
  FormResponse,
  Media,
  Message,
  Part,
  Usage,
} from '../../../egress/translation/form.ts';

const word = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_-]{0,11}$/);
/** No text of an API is empty. */
const text = fc
  .string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
  .filter((each) => each.trim() !== '');
const textPart = fc.record({ kind: fc.constant('text' as const), text });

const image: fc.Arbitrary<Media> = fc.oneof(
  fc.record({
    kind: fc.constant('base64' as const),
    mediaType: fc.constantFrom('image/png', 'image/jpeg'),
    data: fc.base64String(),
  }),
  fc.record({
    kind: fc.constant('url' as const),
    url: fc.webUrl(),
    mediaType: fc.constant(undefined),
  }),
);

const userPart: fc.Arbitrary<Part> = fc.oneof(
  textPart,
  fc.record({ kind: fc.constant('image' as const), media: image, detail: fc.constant(undefined) }),
  fc.record({
    kind: fc.constant('file' as const),
    media: fc.record({
      kind: fc.constant('base64' as const),
      mediaType: fc.constant('application/pdf'),
      data: fc.base64String(),
    }),
    name: word,
  }),
);

/** JSON text of an object, as `JSON.stringify` has it. */
const argumentsText = fc
  .dictionary(word, fc.oneof(text, fc.integer(), fc.boolean()))
  .map((each) => JSON.stringify(each));

function toolCall(id: string): fc.Arbitrary<Part> {
  return fc.record({
    kind: fc.constant('tool-call' as const),
    id: fc.constant(id),
    name: word,
    arguments: argumentsText,
    signature: fc.constant(undefined),
  });
}

/** A turn of the model that calls tools, and what they said. */
function exchange(number: number): fc.Arbitrary<Message[]> {
  return fc.integer({ min: 1, max: 3 }).chain((count) => {
    const ids = Array.from({ length: count }, (_, at) => `call_${number}_${at}`);
    const results = ids.map((id): fc.Arbitrary<Part> =>
      fc.record({
        kind: fc.constant('tool-result' as const),
        id: fc.constant(id),
        name: fc.constant(undefined),
        parts: fc.array(textPart, { minLength: 1, maxLength: 2 }),
        isError: fc.constant(false),
      }),
    );
    return fc
      .tuple(fc.option(textPart, { nil: undefined }), fc.tuple(...ids.map(toolCall)), fc.tuple(...results))
      .map(([said, calls, told]): Message[] => [
        { role: 'assistant', parts: [...(said === undefined ? [] : [said]), ...calls] },
        { role: 'user', parts: told },
      ]);
  });
}

/** As it comes back: neighbours of one role are one turn. */
const conversation = fc
  .tuple(
    fc.array(userPart, { minLength: 1, maxLength: 3 }),
    fc
      .integer({ min: 0, max: 3 })
      .chain((count) => fc.tuple(...Array.from({ length: count }, (_, at) => exchange(at)))),
  )
  .map(([first, turns]): Message[] => [{ role: 'user', parts: first }, ...turns.flat()]);

const schema = fc.dictionary(word, text).map((properties) => ({ type: 'object', properties }));

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

/** What both OpenAI's and Anthropic's APIs can say. */
export const request: fc.Arbitrary<FormRequest> = fc
  .record({
    model: fc.constantFrom('gpt-4o', 'claude-3-5-sonnet-20241022'),
    stream: fc.boolean(),
    system: fc.array(textPart, { maxLength: 2 }),
    messages: conversation,
    tools: fc.array(
      fc.record({
        name: word,
        description: maybe(text),
        parameters: schema,
        strict: maybe(fc.constant(true)),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    toolChoice: maybe(
      fc.oneof(
        fc.record({ kind: fc.constantFrom('auto' as const, 'any' as const) }),
        fc.record({ kind: fc.constant('tool' as const), name: word }),
      ),
    ),
    maxOutputTokens: fc.integer({ min: 1, max: 100_000 }),
    temperature: maybe(fc.constantFrom(0, 0.5, 1)),
    stop: fc.array(text, { maxLength: 4 }),
    responseFormat: maybe(
      fc.record({
        kind: fc.constant('json-schema' as const),
        name: fc.constant('response'),
        schema,
        strict: fc.constant(true),
      }),
    ),
    user: maybe(word),
  })
  .map((some) => ({
    ...some,
    asksUsage: some.stream,
    parallelToolCalls: some.toolChoice === undefined ? undefined : false,
    topP: undefined,
    topK: undefined,
    seed: undefined,
    presencePenalty: undefined,
    frequencyPenalty: undefined,
    thinking: undefined,
  }));

const usage: fc.Arbitrary<Usage> = fc
  .record({ fresh: fc.nat(9_999), output: fc.nat(9_999), cacheRead: fc.nat(9_999) })
  .map(({ fresh, output, cacheRead }) => ({
    input: fresh + cacheRead,
    output: output + 5,
    cacheRead,
    cacheCreation: undefined,
    reasoning: 5,
  }));

/** One text at most: chat completions has no more. */
export const response: fc.Arbitrary<FormResponse> = fc
  .record({
    id: word,
    thought: maybe(text),
    said: maybe(text),
    calls: fc
      .integer({ min: 0, max: 3 })
      .chain((count) => fc.tuple(...Array.from({ length: count }, (_, at) => toolCall(`call_${at}`)))),
    finish: fc.constantFrom<Finish>('stop', 'length'),
    usage,
  })
  .map(({ id, thought, said, calls, finish, usage: used }) => ({
    id,
    model: 'm',
    parts: [
      ...(thought === undefined
        ? []
        : [{ kind: 'thinking' as const, text: thought, signature: undefined, redacted: undefined }]),
      ...(said === undefined ? [] : [{ kind: 'text' as const, text: said }]),
      ...calls,
    ],
    finish: calls.length > 0 && finish === 'stop' ? ('tool-calls' as const) : finish,
    stopSequence: undefined,
    usage: used,
  }));

function startOf(part: Part): Extract<FormEvent, { kind: 'part' }>['part'] {
  if (part.kind === 'tool-call') return { kind: 'tool-call', id: part.id, name: part.name };
  if (part.kind === 'thinking') return { kind: 'thinking', redacted: part.redacted };
  return { kind: 'text' };
}

function saidBy(part: Part): string {
  if (part.kind === 'tool-call') return part.arguments;
  return 'text' in part ? part.text : '';
}

/** The answer as a stream: calls open at once, their deltas cut and mixed as `cuts` say. */
export function streamOf(answer: FormResponse, cuts: readonly number[]): FormEvent[] {
  const { parts, finish, stopSequence, id, model } = answer;
  const rest = parts.map((part, index) => ({ index, part, left: saidBy(part) }));
  const prose = rest.filter(({ part }) => part.kind !== 'tool-call');
  const calls = rest.filter(({ part }) => part.kind === 'tool-call');
  let step = 0;
  const cut = (): number => cuts[step++ % Math.max(1, cuts.length)] ?? 3;
  const delta = (one: (typeof rest)[number]): FormEvent => {
    const length = 1 + (cut() % 7);
    const said = one.left.slice(0, length);
    one.left = one.left.slice(length);
    return { kind: 'delta', index: one.index, text: said };
  };
  const events: FormEvent[] = [{ kind: 'start', id, model }];
  const open = ({ index, part }: (typeof rest)[number]): void =>
    void events.push({ kind: 'part', index, part: startOf(part) });
  for (const one of prose) {
    open(one);
    while (one.left !== '') events.push(delta(one));
    events.push({ kind: 'part-end', index: one.index });
  }
  calls.forEach(open);
  for (let live = calls; live.length > 0; live = live.filter(({ left }) => left !== '')) {
    const one = live[cut() % live.length];
    if (one !== undefined) events.push(delta(one));
  }
  events.push(...calls.map(({ index }): FormEvent => ({ kind: 'part-end', index })));
  events.push({ kind: 'finish', finish, stopSequence });
  if (answer.usage !== undefined) events.push({ kind: 'usage', usage: answer.usage });
  return [...events, { kind: 'end' }];
}

function partOf(start: ReturnType<typeof startOf>, said: string, signature: string | undefined): Part {
  switch (start.kind) {
    case 'tool-call':
      return { ...start, arguments: said, signature };
    case 'thinking':
      return { ...start, text: said, signature };
    case 'text':
    case 'refusal':
      return { kind: start.kind, text: said };
  }
}

/** What a stream comes to; undefined: it did not end. */
export function answerOf(events: readonly FormEvent[]): FormResponse | undefined {
  const parts = new Map<
    number,
    { start: ReturnType<typeof startOf>; said: string; signature: string | undefined }
  >();
  let answer: FormResponse = {
    ...{
      id: undefined,
      model: undefined,
      parts: [],
      finish: 'other',
      stopSequence: undefined,
      usage: undefined,
    },
  };
  for (const event of events) {
    if (event.kind === 'start') answer = { ...answer, id: event.id, model: event.model };
    if (event.kind === 'part') parts.set(event.index, { start: event.part, said: '', signature: undefined });
    const part = 'index' in event ? parts.get(event.index) : undefined;
    if (event.kind === 'delta' && part !== undefined) part.said += event.text;
    if (event.kind === 'signature' && part !== undefined) part.signature = event.signature;
    if (event.kind === 'usage') answer = { ...answer, usage: event.usage };
    if (event.kind === 'finish')
      answer = { ...answer, finish: event.finish, stopSequence: event.stopSequence };
  }
  if (events.at(-1)?.kind !== 'end') return undefined;
  return {
    ...answer,
    parts: [...parts.values()].map(({ start, said, signature }) => partOf(start, said, signature)),
  };
}
