/**
 * `clrk dev`: the whole platform on this machine, in the foreground; `up|down|status|logs|reset` for the one in the
 * background. This file parses flags; `local/` does everything and owns the signals.
 */
import type { Command } from 'commander';
import type { DevOptions, DevUpOptions } from '../../local/index.ts';
import { usageError } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { examples, type AddCommand, type CommandContext } from './command.ts';

interface StartFlags {
  readonly example?: string;
  readonly exit?: boolean;
  readonly provider?: string;
}

const providers = ['stand-in', 'openai'] as const;

function parseProvider(text: string | undefined): Pick<DevUpOptions, 'provider'> {
  if (text === undefined) return {};
  const provider = providers.find((each) => each === text);
  if (provider === undefined)
    throw usageError(`there is no provider "${text}"`, `There are ${providers.join(', ')}.`);
  return { provider };
}

function upOptions(io: Io, flags: StartFlags): DevUpOptions {
  return {
    environment: io.environment,
    stdout: io.stdout,
    ...(flags.example === undefined ? {} : { example: flags.example }),
    ...parseProvider(flags.provider),
  };
}

export function startOptions(io: Io, flags: StartFlags): DevOptions {
  return { ...upOptions(io, flags), ...(flags.exit === undefined ? {} : { exit: flags.exit }) };
}

function withStartFlags(command: Command): Command {
  return command
    .option('--example <name>', 'install an example, call it and show what happened: hello, hello-shell')
    .option('--provider <name>', 'stand-in (default) or openai, with OPENAI_API_KEY set');
}

function addBackground(dev: Command, { io, setExitCode }: CommandContext): void {
  withStartFlags(dev.command('up'))
    .description('Start the platform in the background; returns when it is ready')
    .action(async (_flags: StartFlags, command: Command) => {
      const options = upOptions(io, command.optsWithGlobals<StartFlags>());
      const { devUp } = await import('../../local/index.ts');
      setExitCode(await devUp(options));
    });
  const base = { environment: io.environment, stdout: io.stdout };
  dev
    .command('down')
    .description('Stop it; data stays')
    .action(async () => {
      const { devDown } = await import('../../local/index.ts');
      setExitCode(await devDown(base));
    });
  dev
    .command('status')
    .description('Show what runs')
    .option('--json', 'as JSON')
    .action(async (flags: { json?: boolean }) => {
      const { devStatus } = await import('../../local/index.ts');
      setExitCode(await devStatus({ ...base, json: flags.json ?? false }));
    });
  dev
    .command('logs [component]')
    .description(
      'Show the logs of its processes: a part of the control plane or the beginning of a pod’s name',
    )
    .option('-f, --follow', 'keep showing new lines until Ctrl-C')
    .action(async (component: string | undefined, flags: { follow?: boolean }) => {
      const { devLogs } = await import('../../local/index.ts');
      const follow = flags.follow ?? false;
      setExitCode(await devLogs({ ...base, follow, ...(component === undefined ? {} : { component }) }));
    });
  dev
    .command('reset')
    .description('Stop it and delete all of its data')
    .action(async () => {
      const { devReset } = await import('../../local/index.ts');
      setExitCode(await devReset(base));
    });
}

export const addDev: AddCommand = (context) => {
  const { program, io, setExitCode } = context;
  const dev = withStartFlags(program.command('dev'))
    .description('Run the whole platform on this machine until Ctrl-C')
    .addHelpText(
      'before',
      examples(
        'clrk dev --example hello',
        'clrk dev --example hello --exit',
        'OPENAI_API_KEY=… clrk dev --example hello --provider openai',
        'clrk dev up && clrk get taskagents -A && clrk dev down',
      ),
    )
    .option('--exit', 'stop after the example: 0 when it was answered and recorded')
    .action(async (flags: StartFlags) => {
      const options = startOptions(io, flags);
      const { runDev } = await import('../../local/index.ts');
      setExitCode(await runDev(options));
    });
  addBackground(dev, context);
};
