/** Which reader takes a body of this form. Pure. */
import type { BodyWant, PlainReader } from './body-result.ts';
import { FormBodyReader } from './form-body-reader.ts';
import { JsonBodyReader } from './json-body-reader.ts';
import { RpcShape } from './json-rpc.ts';
import { ModelShape } from './model-shape.ts';

const unread: PlainReader = {
  push: () => undefined,
  end: () => ({
    kind: 'read',
    format: 'unread',
    model: undefined,
    stream: undefined,
    includeUsage: undefined,
    choices: undefined,
    rpc: undefined,
    spans: {},
  }),
};

/** `boundary`: of multipart/form-data. */
export function createPlainReader(want: BodyWant, boundary: string | undefined): PlainReader {
  if (want === 'whole') return unread;
  if (boundary !== undefined) return new FormBodyReader(boundary);
  return new JsonBodyReader(want === 'rpc' ? new RpcShape() : new ModelShape());
}
