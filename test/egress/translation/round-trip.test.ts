/** What a codec writes it reads again, on every form it can say; and a stream comes to what the whole answer says. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChatCodec } from '../../../egress/translation/codec.ts';
import type { FormResponse, Part } from '../../../egress/translation/form.ts';
import { anthropicMessages } from '../../../egress/translation/anthropic/index.ts';
import { openAiChat } from '../../../egress/translation/openai/index.ts';
import { answerOf, request, response, streamOf } from './form-arbitrary.ts';

const context = { model: 'm', asksUsage: true, id: 'made-up', created: 1 };
/** Through the text on the wire, where nothing is undefined. */
const wired = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Anthropic's has a signature, if an empty one, and no count where there was none. */
function plain(answer: FormResponse | undefined): unknown {
  const parts = answer?.parts.map((part: Part) => {
    if (part.kind === 'tool-call') return { ...part, arguments: JSON.parse(part.arguments) as unknown };
    return part.kind === 'thinking' ? { ...part, signature: part.signature ?? '' } : part;
  });
  const usage = answer?.usage;
  return { ...answer, parts, usage: usage && { ...usage, cacheCreation: usage.cacheCreation ?? 0 } };
}

describe.each<[string, ChatCodec]>([
  ['openai', openAiChat],
  ['anthropic', anthropicMessages],
])('%s', (_name, codec) => {
  test('reads the requests it writes', () => {
    fc.assert(
      fc.property(request, (asked) => {
        const written = codec.writeRequest(asked, '');
        if (written.kind !== 'done') throw new Error(`${written.what} ${written.why}`);
        const read = codec.readRequest({ ...written.value, body: wired(written.value.body) });
        if (read.kind !== 'done') throw new Error(`${read.what} ${read.why}`);
        const asksUsage = codec.api === 'anthropic' || asked.asksUsage;
        expect(turns(read.value)).toEqual(turns({ ...asked, asksUsage }));
        expect(read.dropped).toEqual([]);
      }),
    );
  });

  test('reads the answers it writes', () => {
    fc.assert(
      fc.property(response, (answer) => {
        const read = codec.readResponse(wired(codec.writeResponse(answer, context)));
        expect(plain(read)).toEqual(plain(answer));
      }),
    );
  });

  test('streams what the whole answer says', () => {
    fc.assert(
      fc.property(response, fc.array(fc.nat(100), { minLength: 1 }), (answer, cuts) => {
        const [writer, reader] = [codec.createStreamWriter(context), codec.createStreamReader()];
        const events = streamOf(answer, cuts)
          .flatMap((event) => writer.write(event))
          .flatMap((event) => reader.read(wired(event)));
        events.push(...(reader.end?.() ?? []));
        expect(plain(answerOf(events))).toEqual(plain(answer));
      }),
    );
  });
});

/** Chat completions has a message for each result: neighbours are one turn, and results of a turn come first. */
function turns<
  T extends { readonly messages: ReadonlyArray<{ readonly role: string; readonly parts: readonly Part[] }> },
>(asked: T): unknown {
  const joined: Array<{ role: string; parts: unknown[] }> = [];
  for (const { role, parts } of asked.messages) {
    const read = parts.map((part) =>
      part.kind === 'tool-call' ? { ...part, arguments: JSON.parse(part.arguments) as unknown } : part,
    );
    const last = joined.at(-1);
    if (last?.role === role) last.parts.push(...read);
    else joined.push({ role, parts: read });
  }
  return { ...asked, messages: joined };
}
