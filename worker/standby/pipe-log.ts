/**
 * One of a sandbox's output pipes and the log its lines go to now. Apart from the logs because the pipe outlives them: what
 * comes before a run, in it and after it are three logs, and no line may be in another's.
 */
import type { Socket } from 'node:net';
import type { StdioLog } from '../dispatch/stdio-log.ts';

export class PipeLog {
  #log: StdioLog;

  constructor(pipe: Socket, log: StdioLog) {
    this.#log = log;
    pipe.on('data', (chunk: Buffer) => this.#log.write(chunk));
    pipe.once('close', () => this.#log.end());
  }

  /** What comes from here on goes there; the log before it is ended, with what has no newline yet. */
  turnTo(log: StdioLog): void {
    this.#log.end();
    this.#log = log;
  }
}
