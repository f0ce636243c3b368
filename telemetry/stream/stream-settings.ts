/** What the installation says of the invocation stream, from the environment. Apart so that a typo is told at the start. */
import { ClrkError, environment as variables } from '../../contract/index.ts';
import type { Environment } from '../../process/index.ts';
import { defaultStream, whenFull, type StreamSettings } from './invocation-stream.ts';

/** Less would fill up between two looks. */
const minBytes = 16 * 1024 * 1024;

/** Throws STREAM_SETTING. */
export function streamSettings(environment: Environment): StreamSettings {
  const bytes = environment[variables.streamBytes] || undefined;
  const full = environment[variables.streamFull] || undefined;
  const maxBytes = bytes === undefined ? defaultStream.maxBytes : Number(bytes);
  if (!Number.isSafeInteger(maxBytes) || maxBytes < minBytes) {
    throw new ClrkError(
      'STREAM_SETTING',
      `${variables.streamBytes} must be a number of bytes, at least ${minBytes}`,
    );
  }
  const chosen = full === undefined ? defaultStream.whenFull : whenFull.find((each) => each === full);
  if (chosen === undefined) {
    throw new ClrkError('STREAM_SETTING', `${variables.streamFull} must be one of ${whenFull.join(', ')}`);
  }
  return { maxBytes, whenFull: chosen };
}
