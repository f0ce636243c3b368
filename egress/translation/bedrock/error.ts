/** Errors by the names of AWS's exceptions, plain and in a stream. Pure. */
import type { JsonObject } from '../../providers/index.ts';
import { textOf } from '../count.ts';
import type { FormError } from '../form.ts';

const names: ReadonlyMap<number, string> = new Map([
  [400, 'ValidationException'],
  [401, 'AccessDeniedException'],
  [403, 'AccessDeniedException'],
  [404, 'ResourceNotFoundException'],
  [408, 'ModelTimeoutException'],
  [424, 'ModelErrorException'],
  [429, 'ThrottlingException'],
  [500, 'InternalServerException'],
  [503, 'ServiceUnavailableException'],
  [529, 'ServiceUnavailableException'],
]);
/** Those that a stream can break off with. */
const inStream: ReadonlyMap<string, number> = new Map([
  ['internalServerException', 500],
  ['modelStreamErrorException', 424],
  ['validationException', 400],
  ['throttlingException', 429],
  ['serviceUnavailableException', 503],
  ['modelTimeoutException', 408],
]);

function nameOf({ status, code }: FormError): string {
  if (code !== undefined && [...names.values()].includes(code)) return code;
  return names.get(status) ?? (status >= 500 ? 'InternalServerException' : 'ValidationException');
}

export function readConverseError(status: number, body: JsonObject | undefined): FormError {
  const message = textOf(body?.['message']) ?? textOf(body?.['Message']);
  const code = textOf(body?.['__type'])?.split('#').at(-1);
  return { status, message: message ?? `the upstream answered ${status}`, code };
}

/** SDKs take the exception's name from the body where no header says it. */
export function writeConverseError(error: FormError): JsonObject {
  return { __type: nameOf(error), message: error.message };
}

/** Of an event's name; undefined: it is no error. */
export function readStreamError(name: string | undefined, data: JsonObject): FormError | undefined {
  if (name === undefined || (name !== 'error' && !name.endsWith('Exception'))) return undefined;
  const message = textOf(data['message']) ?? 'the upstream failed';
  const code = name === 'error' ? textOf(data['code']) : `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
  return { status: inStream.get(name) ?? 500, message, code };
}

export function streamErrorName({ status }: FormError): string {
  // Anthropic's word for overloaded.
  const asked = status === 529 ? 503 : status;
  const known = [...inStream].find(([, each]) => each === asked)?.[0];
  return known ?? (status >= 500 ? 'internalServerException' : 'validationException');
}
