/** The decoder bound to requests and to responses: the two ways the codec is used. */
import { MessageDecoder } from './decoder.ts';
import { FieldLines } from './field-lines.ts';
import {
  parseRequestHead,
  parseResponseHead,
  requestFraming,
  responseFraming,
  type Framing,
  type RequestHead,
  type ResponseHead,
} from './head.ts';
import { codecLimit } from './limit.ts';

export function createRequestDecoder(): MessageDecoder<RequestHead> {
  const lines = new FieldLines(codecLimit.fieldCount);
  const parse = (text: string): { head: RequestHead; framing: Framing } => {
    const head = parseRequestHead(text, lines);
    return { head, framing: requestFraming(head) };
  };
  return new MessageDecoder(parse, { skipEmptyLine: true });
}

export interface ResponseDecoder {
  readonly decoder: MessageDecoder<ResponseHead>;
  /** Says which request the next final response answers: HEAD has no body whatever its fields say. */
  expect(method: string): void;
}

export function createResponseDecoder(): ResponseDecoder {
  let expected = 'GET';
  const lines = new FieldLines(codecLimit.fieldCount);
  const parse = (text: string): { head: ResponseHead; framing: Framing } => {
    const head = parseResponseHead(text, lines);
    return { head, framing: responseFraming(head, expected) };
  };
  const decoder = new MessageDecoder(parse, { skipEmptyLine: false });
  return {
    decoder,
    expect: (method) => {
      expected = method;
    },
  };
}
