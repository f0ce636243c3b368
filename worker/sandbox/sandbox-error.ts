/**
 * A sandbox that was not made or did not start. The message is the worker log's and holds what runsc said, host paths
 * included; `told` is for whoever called the agent and is in our words alone.
 */
import { ClrkError } from '../../contract/index.ts';

const causes: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /executable file not found|failed to find|no such file or directory|not a directory/i,
    'its command or working directory is not in the image',
  ],
  [/permission denied|operation not permitted/i, 'its command may not be executed by its user'],
  [/exec format error|failed to load|unsupported interpreter/i, 'its command is no program for this machine'],
];

export class SandboxError extends ClrkError {
  readonly told: string;

  constructor(code: 'SANDBOX_CREATE_FAILED' | 'SANDBOX_START_FAILED', what: string, said: string) {
    super(code, `${what}: ${said}`);
    const why = causes.find(([pattern]) => pattern.test(said))?.[1];
    this.told =
      why === undefined ? 'the sandbox could not be made' : `the agent could not be started: ${why}`;
  }
}
