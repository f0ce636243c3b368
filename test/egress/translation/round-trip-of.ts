/** What every codec must hold: it reads what it writes, and a stream comes to what the whole answer says. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { ChatCodec } from '../../../egress/translation/codec.ts';
import { joinNeighbours } from '../../../egress/translation/conversation.ts';
import type { FormEvent, FormRequest, FormResponse, Part } from '../../../egress/translation/form.ts';
import { answerOf, streamOf } from './form-arbitrary.ts';

export const context = { model: 'm', asksUsage: true, id: 'made-up', created: 1 };
/** Through the text on the wire, where nothing is undefined. */
export const wired = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Arguments as what they say, since an API that has an object may space them otherwise; `calls`: what ids are called. */
function plainParts(parts: readonly Part[], calls: Map<string, string>): Part[] {
  return parts.map((part) => {
    if (part.kind === 'tool-call') {
      calls.set(part.id, `call ${calls.size}`);
      return { ...part, id: calls.get(part.id) ?? '', arguments: JSON.stringify(JSON.parse(part.arguments)) };
    }
    if (part.kind !== 'tool-result') return part;
    const said = part.parts.map((each) => ('text' in each ? each.text : '')).join('');
    return { ...part, id: calls.get(part.id) ?? '', name: undefined, parts: [{ kind: 'text', text: said }] };
  });
}

/** Ids may be made up anew, names of results looked up, and neighbours of one role are one turn. */
export function plainRequest(request: FormRequest): unknown {
  const calls = new Map<string, string>();
  return {
    ...request,
    asksUsage: true,
    messages: joinNeighbours(request.messages).map(({ role, parts }) => ({
      role,
      parts: plainParts(parts, calls),
    })),
  };
}

export function holdsRequests(codec: ChatCodec, requests: fc.Arbitrary<FormRequest>): void {
  fc.assert(
    fc.property(requests, (asked) => {
      const written = codec.writeRequest(asked, '');
      if (written.kind !== 'done') throw new Error(`${written.what} ${written.why}`);
      const read = codec.readRequest({ ...written.value, body: wired(written.value.body) });
      if (read.kind !== 'done') throw new Error(`${read.what} ${read.why}`);
      expect(plainRequest(read.value)).toEqual(plainRequest(asked));
      expect(read.dropped).toEqual([]);
    }),
  );
}

export function holdsAnswers(codec: ChatCodec, answers: fc.Arbitrary<FormResponse>): void {
  fc.assert(
    fc.property(answers, (answer) => {
      expect(codec.readResponse(wired(codec.writeResponse(answer, context)))).toEqual(answer);
    }),
  );
}

/** Signatures come when a part is about to end. */
function signed(answer: FormResponse, events: readonly FormEvent[]): FormEvent[] {
  return events.flatMap((event): FormEvent[] => {
    const part = event.kind === 'part-end' ? answer.parts[event.index] : undefined;
    const signature = part !== undefined && 'signature' in part ? part.signature : undefined;
    if (event.kind !== 'part-end' || signature === undefined) return [event];
    return [{ kind: 'signature', index: event.index, signature }, event];
  });
}

/** Cut off anywhere a stream comes to no answer. */
export function holdsStreams(codec: ChatCodec, answers: fc.Arbitrary<FormResponse>): void {
  fc.assert(
    fc.property(answers, fc.array(fc.nat(100), { minLength: 1 }), fc.nat(), (answer, cuts, cut) => {
      const writer = codec.createStreamWriter(context);
      const wire = signed(answer, streamOf(answer, cuts)).flatMap((event) => writer.write(event));
      const read = (events: typeof wire, isWhole: boolean): FormResponse | undefined => {
        const reader = codec.createStreamReader();
        const said = events.flatMap((event) => reader.read(wired(event)));
        return answerOf([...said, ...((isWhole ? reader.end?.() : undefined) ?? [])]);
      };
      const whole = codec.readResponse(wired(codec.writeResponse(answer, context)));
      expect(read(wire, true)).toEqual(whole);
      expect(read(wire.slice(0, cut % wire.length), false)).toBeUndefined();
    }),
  );
}

/** Random JSON in the place of anything: it may be refused, and never throws. */
export function neverThrows(codec: ChatCodec, body: object, path: string): void {
  const places = placesOf(body);
  fc.assert(
    fc.property(fc.nat(places.length - 1), fc.jsonValue({ maxDepth: 3 }), (at, value) => {
      const changed = replaceAt(body, places[at] ?? [], value) as { [name: string]: unknown };
      codec.readRequest({ path, query: '', body: changed });
      codec.readResponse(changed);
      codec.readError(500, changed);
      codec.createStreamReader().read({ name: undefined, data: changed });
    }),
    { numRuns: 300 },
  );
}

function placesOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  return [
    [...path],
    ...Object.entries(value).flatMap(([name, member]) => placesOf(member, [...path, name])),
  ].filter((each) => each.length > 0);
}

function replaceAt(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<
    string,
    unknown
  >;
  copy[name] = replaceAt(copy[name], rest, by);
  return copy;
}
