/** Runs a command line in this process and keeps what it printed. Nothing of the person's own environment is seen. */
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Io } from '../../cli/io.ts';
import { runCli } from '../../cli/program.ts';

export async function runCommandLine(
  words: readonly string[],
  environment: Io['environment'] = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const printed = Promise.all([text(stdout), text(stderr)]);
  const io: Io = {
    ...{ environment, homeDirectory: '/nonexistent', stdin: Readable.from([]), stdout, stderr },
    ...{ stdoutIsTerminal: false, columns: 100, now: () => new Date(0), randomUuid: () => '' },
    interruption: () => new AbortController().signal,
  };
  const code = await runCli(io, words);
  stdout.end();
  stderr.end();
  const [out, err] = await printed;
  return { code, stdout: out, stderr: err };
}
