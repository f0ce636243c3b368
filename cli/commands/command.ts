/** What every command module is given and gives. One file a command: it adds itself to the program and runs. */
import type { Command } from 'commander';
import type { ClusterFlags } from '../cluster/open-cluster.ts';
import type { Io } from '../io.ts';

export interface CommandContext {
  readonly program: Command;
  readonly io: Io;
  /** The exit code of a command that ended well but not with 0. */
  readonly setExitCode: (code: number) => void;
}

export type AddCommand = (context: CommandContext) => void;

/** The global flags, wherever on the line they stood. */
export function clusterFlags(command: Command): ClusterFlags {
  return command.optsWithGlobals<ClusterFlags>();
}

/** Examples come first in --help. */
export function examples(...lines: readonly string[]): string {
  return `Examples:\n${lines.map((line) => `  ${line}`).join('\n')}\n`;
}
