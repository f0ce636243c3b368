/** Bedrock's error schema: the type is in a header, or in the frame's. Pure. */
import { jsonReply, type ProviderReply } from '../exchange.ts';

const types: Readonly<Record<number, string>> = {
  400: 'ValidationException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  408: 'ModelTimeoutException',
  424: 'ModelErrorException',
  429: 'ThrottlingException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
};

/** The nearest status AWS has. */
function statusOf(status: number): number {
  if (types[status] !== undefined) return status;
  return status === 529 ? 503 : status >= 500 ? 500 : 400;
}

export function exceptionName(status: number): string {
  return types[statusOf(status)] ?? 'InternalServerException';
}

export function bedrockError(status: number, message: string, type?: string): ProviderReply {
  return jsonReply(statusOf(status), { message }, { 'x-amzn-errortype': type ?? exceptionName(status) });
}
