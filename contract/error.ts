/**
 * The one error class our processes throw and show. It lives here because every folder may fail and the
 * `code` is a promise between processes (tests, CLI exit codes and callers match on it, never on text).
 * It must never carry a secret: message and hint are printed, logged and sent to callers.
 */
export interface ClrkErrorOptions {
  /** What the reader should do about it, one sentence. */
  readonly hint?: string;
  /** True when the same call may succeed later without a change by a person. Default false. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** `message` says what happened and why; `hint` says what to do. */
export class ClrkError extends Error {
  override readonly name = 'ClrkError';
  /** SCREAMING_SNAKE_CASE, stable across releases, e.g. `IMAGE_NOT_FOUND`. */
  readonly code: string;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: ClrkErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
  }
}

/** The text of anything thrown, for a log field or a wrapped message. */
export function errorMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** At most three lines for a person: what and why, the code, what to do. */
export function renderError(thrown: unknown): string {
  if (!(thrown instanceof ClrkError)) return `error: ${errorMessage(thrown).split('\n')[0] ?? ''}`;
  const lines = [`error: ${thrown.message.split('\n')[0] ?? ''} (${thrown.code})`];
  if (thrown.hint !== undefined) lines.push(`  ${thrown.hint}`);
  return lines.join('\n');
}
