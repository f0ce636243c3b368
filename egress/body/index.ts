/** Request bodies: read in one pass, changed in place, held within shares. */
export type {
  BodyRead,
  BodyResult,
  BodySpans,
  BodyWant,
  OutputCap,
  OutputCapName,
  PlainReader,
} from './body-result.ts';
export { BodyObserver, createObserver } from './body-observer.ts';
export { BufferedRead } from './buffered-read.ts';
export type { BodyDecoder, DecoderListener, DecoderPort } from './decoder-port.ts';
export { askForUsage, insertFirst, renameModel, replaceSpans, type Edit } from './edits.ts';
export { EventReader, type EventRead } from './event-shape.ts';
export { HeldBytes, heldLimits, type HeldLimits } from './held-bytes.ts';
export { JsonScanner, type JsonValue, type Span } from './json-scanner.ts';
export { parseFieldText } from './media-type.ts';
export { negotiateBody, type BodyHead, type ContentCoding } from './negotiation.ts';
export { createPlainReader } from './plain-reader.ts';
export {
  bodyCaps,
  createBodyReader,
  RequestBodyReader,
  type BodyCaps,
  type BodyListener,
} from './request-body-reader.ts';
export { SseReader } from './sse-reader.ts';
export { unreadable, type Unreadable, type UnreadableCode } from './unreadable.ts';
export {
  wantList,
  wantMap,
  wantObject,
  wantPresence,
  wantScalar,
  wantWritten,
  type Wanted,
} from './wanted.ts';
export { digestOfText } from './written-text.ts';
export { createZlibDecoders } from './zlib-decoder.ts';
