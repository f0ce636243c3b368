/** The one door of the HTTP/1.1 codec. */
export { CodecError } from './codec-error.ts';
export { createField, fieldValue, fieldValues, listMembers, type Field } from './field.ts';
export { type Framing, type RequestHead, type ResponseHead } from './head.ts';
export { type DecoderEvent } from './decoder.ts';
export {
  chunkPrefix,
  chunkSuffix,
  renderLastChunk,
  renderRequestHead,
  renderResponseHead,
} from './encoder.ts';
export { createRequestDecoder, createResponseDecoder, type ResponseDecoder } from './message.ts';
