/** Which reader takes a body of this form. Pure. */
import type { BodyWant, PlainReader } from './body-result.ts';
import { FormBodyReader } from './form-body-reader.ts';
import { JsonBodyReader } from './json-body-reader.ts';
import { RpcShape } from './json-rpc.ts';
import { ModelShape } from './model-shape.ts';

/** `boundary`: of multipart/form-data. */
export function createPlainReader(want: BodyWant, boundary: string | undefined): PlainReader {
  if (boundary !== undefined) return new FormBodyReader(boundary);
  return new JsonBodyReader(want === 'rpc' ? new RpcShape() : new ModelShape());
}
