/**
 * How large a TaskAgent's scheduleInput may be. It is any JSON, so its schema can bound what is at its top alone; its size is
 * judged by `clrk validate` and by the operator.
 */
import { anyJson } from './field.ts';

/** Of its JSON text. */
export const maxScheduleInputBytes = 65_536;

export function scheduleInput() {
  const bounds = { maxLength: maxScheduleInputBytes, maxItems: 1_024, maxProperties: 1_024 };
  return anyJson(
    `scheduleInput is the body of scheduled calls, any JSON of at most ${maxScheduleInputBytes} bytes; unset means {}.`,
    bounds,
  );
}
