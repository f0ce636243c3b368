/** The window in which calls or tokens are counted: the same wherever something is limited. */
import { duration } from './field.ts';

export function countWindow() {
  return duration(
    'window is how long a window lasts. Windows follow each other without a gap, and begin at multiples of their length in Unix time.',
    'window',
    { within: ['1s', '24h'] },
  );
}
