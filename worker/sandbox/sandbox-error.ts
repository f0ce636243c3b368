/**
 * A sandbox that was not made or did not start. The message is the worker log's and holds what runsc said, host paths
 * included; what it tells is for whoever called the agent and is in our words alone.
 */
import { ClrkError } from '../../contract/index.ts';

const causes: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /executable file not found|failed to find|no such file or directory|not a directory/i,
    'its command or working directory is not in its image',
  ],
  [/permission denied|operation not permitted/i, 'its command may not be executed by its user'],
  [/exec format error|failed to load|unsupported interpreter/i, 'its command is no program for this machine'],
];

export class SandboxError extends ClrkError {
  readonly #why: string | undefined;

  constructor(code: 'SANDBOX_CREATE_FAILED' | 'SANDBOX_START_FAILED', what: string, said: string) {
    super(code, `${what}: ${said}`);
    this.#why = causes.find(([pattern]) => pattern.test(said))?.[1];
  }

  /** `command`: the agent's, as its revision or image says. */
  told(command: string): string {
    if (this.#why === undefined) return 'the sandbox could not be made';
    return `the agent could not be started: ${this.#why}: ${JSON.stringify(command.slice(0, 200)).slice(1, -1)}`;
  }
}
