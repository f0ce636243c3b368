/** Where a call of Converse stands: the path names the model, percent-encoded, and whether the answer is streamed. Pure. */

const calls = /\/model\/([^/]{1,6000})\/(converse|converse-stream)$/;

export interface Place {
  readonly model: string;
  readonly stream: boolean;
}

/** undefined: it is no chat of this API. */
export function readPlace(path: string): Place | undefined {
  const [, segment = '', verb] = calls.exec(path) ?? [];
  try {
    const model = decodeURIComponent(segment);
    return model === '' ? undefined : { model, stream: verb === 'converse-stream' };
  } catch {
    return undefined;
  }
}

/** As AWS encodes: its signature is over the same text. */
function encodeSegment(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** undefined: a name that would lead elsewhere in the path. */
export function writePlace({ model, stream }: Place, base: string): string | undefined {
  if (model === '' || model === '.' || model === '..') return undefined;
  return `${base}/model/${encodeSegment(model)}/${stream ? 'converse-stream' : 'converse'}`;
}
