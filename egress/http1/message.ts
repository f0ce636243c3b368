/** The decoder bound to requests and to responses: the two ways the codec is used. */
import { MessageDecoder } from './decoder.ts';
import {
  parseRequestHead,
  parseResponseHead,
  requestFraming,
  responseFraming,
  type RequestHead,
  type ResponseHead,
} from './head.ts';

export function createRequestDecoder(): MessageDecoder<RequestHead> {
  return new MessageDecoder((text) => {
    const head = parseRequestHead(text);
    return { head, framing: requestFraming(head) };
  });
}

export interface ResponseDecoder {
  readonly decoder: MessageDecoder<ResponseHead>;
  /** Says which request the next final response answers: HEAD has no body whatever its fields say. */
  expect(method: string): void;
}

export function createResponseDecoder(): ResponseDecoder {
  let expected = 'GET';
  const decoder = new MessageDecoder((text) => {
    const head = parseResponseHead(text);
    return { head, framing: responseFraming(head, expected) };
  });
  return {
    decoder,
    expect: (method) => {
      expected = method;
    },
  };
}
