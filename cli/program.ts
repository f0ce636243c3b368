/**
 * The whole command line, put together: global flags, commands, help, and how anything thrown becomes three lines and
 * an exit code. It never ends the process; main.ts does.
 */
import { Command, CommanderError } from 'commander';
import { renderError } from '../contract/index.ts';
import { addApply } from './commands/apply.ts';
import { addApprovals } from './commands/approvals.ts';
import { addBlame } from './commands/blame.ts';
import { examples, type AddCommand } from './commands/command.ts';
import { addCompletion } from './commands/completion.ts';
import { addContain } from './commands/contain.ts';
import { addDescribe } from './commands/describe.ts';
import { addDev } from './commands/dev.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDrift } from './commands/drift.ts';
import { addEvents } from './commands/events.ts';
import { addGet } from './commands/get.ts';
import { addInit } from './commands/init.ts';
import { addImage } from './commands/image.ts';
import { addInstall, addUpgrade } from './commands/install.ts';
import { addLogs } from './commands/logs.ts';
import { addPublish } from './commands/publish.ts';
import { addReach } from './commands/reach.ts';
import { addResult } from './commands/result.ts';
import { addRoles } from './commands/role.ts';
import { addRollout } from './commands/rollout.ts';
import { addRunTask } from './commands/run-task.ts';
import { addSecret } from './commands/secret.ts';
import { addSupport } from './commands/support.ts';
import { addToken } from './commands/token.ts';
import { addTop } from './commands/top.ts';
import { addTraces } from './commands/traces.ts';
import { addValidate } from './commands/validate.ts';
import { addUninstall } from './commands/uninstall.ts';
import { addVersion } from './commands/version.ts';
import { addWaive } from './commands/waive.ts';
import { exitCode, exitCodeHelp, exitCodeOf } from './exit-code.ts';
import { notice, type Io } from './io.ts';
import { explainMissingPackage } from './missing-package.ts';

const commands: readonly AddCommand[] = [
  addDev,
  addApply,
  addGet,
  addDescribe,
  addEvents,
  addTop,
  addRunTask,
  addResult,
  addPublish,
  addContain,
  addRollout,
  addApprovals,
  addSecret,
  addLogs,
  addToken,
  addTraces,
  addBlame,
  addImage,
  addInit,
  addValidate,
  addWaive,
  addReach,
  addInstall,
  addUpgrade,
  addUninstall,
  addDoctor,
  addDrift,
  addSupport,
  addVersion,
  addCompletion,
  addRoles,
];

/** Every command under one name; `setExitCode` is for commands that end well with a code of their own. */
export function buildProgram(io: Io, setExitCode: (code: number) => void): Command {
  const program = new Command('clrk')
    .description('CLRK runs LLM agents on Kubernetes: sandboxed, behind a gateway that holds their keys.')
    .addHelpText(
      'before',
      examples(
        'clrk dev --example hello',
        'clrk apply -f dist/examples',
        `clrk run-task hello -i '{"prompt":"hi"}'`,
      ),
    )
    .addHelpText('after', `\n${exitCodeHelp}`)
    .option('-n, --namespace <name>', 'namespace; default: that of the context')
    .option('--kubeconfig <file>', 'default: KUBECONFIG, then a running `clrk dev`, then ~/.kube/config')
    .option('--context <name>', 'context of the kubeconfig')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
    .showSuggestionAfterError(true)
    .exitOverride();
  for (const add of commands) add({ program, io, setExitCode });
  return program;
}

/** Runs one command line and returns its exit code. Never throws. */
export async function runCli(io: Io, words: readonly string[]): Promise<number> {
  let code: number = exitCode.ok;
  const program = buildProgram(io, (chosen) => {
    code = chosen;
  });
  if (words.length === 0) {
    program.outputHelp();
    return exitCode.ok;
  }
  try {
    await program.parseAsync([...words], { from: 'user' });
    return code;
  } catch (error) {
    // commander has already printed its message; help and version end with 0.
    if (error instanceof CommanderError) {
      // commander's own errors are 1; a command with exit codes of its own raises others.
      return error.exitCode === 1 ? exitCode.usage : error.exitCode;
    }
    if (isAbort(error)) return exitCode.interrupted;
    notice(io, renderError(explainMissingPackage(error)));
    return exitCodeOf(error);
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
