/** A request of one API as one of another. Pure. It is written whole or refused, never in part. */
import type { Blocked, ChatCodec, WireRequest, WriteContext } from './codec.ts';
import type { CallTranslation, TranslatedRequest } from './call-translation.ts';
import { callsOf } from './conversation.ts';
import type { FormRequest } from './form.ts';
import { framings } from './framing/index.ts';
import { countValues, maxTranslatedValues, tooLarge } from './size.ts';

export interface RequestTranslation {
  readonly from: ChatCodec;
  readonly to: ChatCodec;
  /** Where the Backend keeps the API. */
  readonly base: string;
  /** The name the Backend is asked for. */
  readonly model: string;
  /** The most an answer may hold; undefined: as much as the request asks for. */
  readonly outputCap: number | undefined;
  /** undefined: it is for the API's own provider, and nobody counts. */
  readonly context?: WriteContext;
  /** For an answer without one; unique. */
  readonly id: string;
  readonly created: number;
}

function capped({ maxOutputTokens }: FormRequest, cap: number | undefined): number | undefined {
  if (cap === undefined) return maxOutputTokens;
  return maxOutputTokens === undefined ? cap : Math.min(maxOutputTokens, cap);
}

/** Arguments of calls are JSON in a string: what they hold was not counted with the body. */
function holdsTooMuch({ messages }: FormRequest): boolean {
  const values = callsOf(messages).reduce((sum, call) => sum + countValues(call.arguments), 0);
  return values > maxTranslatedValues;
}

/** Whatever in it makes a reader or writer throw (a name with half a surrogate, nesting beyond the stack) refuses the one call. */
export function translateRequest(wire: WireRequest, how: RequestTranslation): TranslatedRequest | Blocked {
  try {
    return translate(wire, how);
  } catch {
    return { kind: 'blocked', what: 'its body', why: 'cannot be read' };
  }
}

function translate(wire: WireRequest, how: RequestTranslation): TranslatedRequest | Blocked {
  const { from, to, base, model, id, created } = how;
  const read = from.readRequest(wire);
  if (read.kind === 'blocked') return read;
  const asked = read.value;
  if (holdsTooMuch(asked)) return { kind: 'blocked', ...tooLarge };
  const form: FormRequest = { ...asked, model, maxOutputTokens: capped(asked, how.outputCap) };
  const written = to.writeRequest(form, base, how.context);
  if (written.kind === 'blocked') return written;
  const upstreamFraming = to.framingOf(written.value);
  const call: CallTranslation = {
    from,
    to,
    framing: from.framingOf(wire),
    upstreamFraming,
    upstreamMediaType: framings[upstreamFraming].mediaType,
    stream: asked.stream,
    context: { model: asked.model, asksUsage: asked.asksUsage, id, created },
  };
  const dropped = [...new Set([...read.dropped, ...written.dropped])];
  return { kind: 'translated', request: written.value, call, dropped };
}
