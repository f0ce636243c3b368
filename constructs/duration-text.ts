/** Durations as manifests write them. Apart because cdk8s renders ISO 8601 and the kinds take Go's form. */
import type { Duration } from 'cdk8s';

/** `90s`, or `1500ms` for what is no whole number of seconds. */
export function durationText(duration: Duration): string {
  const ms = duration.toMilliseconds();
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
