/** The error of a command that could not come to a verdict: exit code 3, and every place that stood in the way. */
import { ClrkError, renderError } from '../../contract/index.ts';
import { notice, type Io } from '../io.ts';

/** Enough to start with; the count tells there are more. */
const maxShown = 10;

export class UndecidedError extends ClrkError {
  /** One line each. */
  readonly lines: readonly string[];

  constructor(code: string, lines: readonly string[], hint: string) {
    super(code, lines[0] ?? 'nothing can be said', { hint });
    this.lines = lines;
  }

  /** Without the first, which is the message. */
  get more(): readonly string[] {
    const rest = this.lines.slice(1, maxShown);
    const left = this.lines.length - 1 - rest.length;
    return left > 0 ? [...rest, `and ${left} more`] : rest;
  }
}

export function undecided(code: string, lines: readonly string[], hint: string): UndecidedError {
  return new UndecidedError(code, lines, hint);
}

/** 3: could not decide. Never 0 when something could not be read. */
export const undecidedExitCode = 3;

/** Runs a command whose verdict is its exit code; what kept it from one goes to stderr. */
export async function tellUndecided(io: Pick<Io, 'stderr'>, command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (!(error instanceof UndecidedError)) throw error;
    notice(io, renderError(error));
    for (const line of error.more) notice(io, `  ${line}`);
    return undecidedExitCode;
  }
}
