/** Where a call of this API stands: the path names the model and whether the answer is streamed. Pure. */
import type { Framing, WireRequest } from '../codec.ts';

const calls = /\/(?:models|tunedModels)\/([^/:]{1,2000}):(generateContent|streamGenerateContent)$/;
/** A Backend's prefix that names the version itself, as Vertex's does. */
const versioned = /\/v\d{1,3}(?:alpha|beta)?\d{0,3}(?:\/|$)/;

export interface Place {
  readonly model: string;
  readonly stream: boolean;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** undefined: it is no chat. */
export function readPlace(path: string): Place | undefined {
  const [, segment, verb] = calls.exec(path) ?? [];
  const model = segment === undefined ? undefined : decode(segment);
  return model === undefined || model === ''
    ? undefined
    : { model, stream: verb === 'streamGenerateContent' };
}

export function writePlace({ model, stream }: Place, base: string): { path: string; query: string } {
  const name = model.startsWith('models/') ? model.slice('models/'.length) : model;
  const prefix = versioned.test(base) ? base : `${base}/v1beta`;
  const verb = stream ? 'streamGenerateContent' : 'generateContent';
  return { path: `${prefix}/models/${encodeURIComponent(name)}:${verb}`, query: stream ? '?alt=sse' : '' };
}

export function framingOf({ query }: Pick<WireRequest, 'query'>): Framing {
  const values = new URLSearchParams(query);
  return (values.get('alt') ?? values.get('$alt')) === 'sse' ? 'sse' : 'json-array';
}
