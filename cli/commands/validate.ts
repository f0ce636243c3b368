/**
 * `clrk validate PATH…`: are these manifests allowed? No cluster, no network. This file parses flags, reads the waiver
 * file and writes reports; policy/ judges. Its exit codes are its own, as CI wants them: 0 clean, 1 findings, 3 undecided.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { ClrkError, errorMessage } from '../../contract/index.ts';
import {
  exitCodeOfReport,
  loadManifests,
  parseWaivers,
  renderReport,
  reportFormats,
  severities,
  validate,
  waiversFile,
  type LoadOptions,
  type ReportFormat,
  type Severity,
  type WaiverFile,
} from '../../policy/index.ts';
import { exitCode } from '../exit-code.ts';
import { print, type Io } from '../io.ts';
import { addInputFlags, collect, readInput, type InputFlags } from '../reach/manifest-input.ts';
import { UndecidedError } from '../reach/undecided.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

export interface ValidateCommandOptions extends InputFlags {
  readonly output: string;
  readonly report?: readonly string[];
  readonly failOn: string;
  readonly waivers?: string;
}

/** Nothing was judged: never exit code 0, 1 or 2. */
export function undecided(message: string, hint: string): ClrkError {
  return new ClrkError('UNDECIDED', message, { hint });
}

function parseFormat(text: string): ReportFormat {
  const format = reportFormats.find((each) => each === text);
  if (format !== undefined) return format;
  throw undecided(`there is no report format "${text}"`, `There is ${reportFormats.join(', ')}.`);
}

function parseSeverity(text: string): Severity {
  const severity = severities.find((each) => each === text);
  if (severity !== undefined) return severity;
  throw undecided(`--fail-on=${text} is not a severity`, `There is ${severities.join(', ')}.`);
}

function parseReport(text: string): { readonly format: ReportFormat; readonly file: string } {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1)
    throw undecided(`--report ${text} names no file`, 'Write --report sarif=FILE.');
  return { format: parseFormat(text.slice(0, at)), file: text.slice(at + 1) };
}

/** The default file may be absent, one that was named may not. */
export function readWaivers(named: string | undefined, now: Date): WaiverFile {
  const file = named ?? waiversFile;
  if (named === undefined && !existsSync(file)) return { file, waivers: [], problems: [] };
  try {
    return parseWaivers(readFileSync(file, 'utf8'), file, now);
  } catch (error) {
    throw undecided(`cannot read ${file}: ${errorMessage(error)}`, 'Correct --waivers.');
  }
}

/** One line that is overwritten, only where somebody watches and only when it takes a while. */
function progressOf(io: Io): (done: number, total: number) => void {
  return (done, total) => {
    if (!io.stdoutIsTerminal || total < 500) return;
    if (done === total) io.stderr.write('\r\u001b[K');
    else if (done % 100 === 0) io.stderr.write(`\rread ${done} of ${total} files`);
  };
}

/** What reach calls undecided has one code here. */
async function readGivenInput(io: Io, paths: readonly string[], options: InputFlags): Promise<LoadOptions> {
  try {
    return await readInput(io, paths, options);
  } catch (error) {
    if (!(error instanceof UndecidedError)) throw error;
    throw undecided(error.message, error.hint ?? '');
  }
}

export async function runValidate(
  io: Io,
  paths: readonly string[],
  options: ValidateCommandOptions,
): Promise<number> {
  const format = parseFormat(options.output);
  const failOn = parseSeverity(options.failOn);
  const reports = (options.report ?? []).map(parseReport);
  const now = io.now();
  const given = paths.length === 0 ? ['dist'] : paths;
  const input = await readGivenInput(io, given, options);
  const loaded = loadManifests(given, { ...input, onFile: progressOf(io) });
  const waivers = readWaivers(options.waivers, now);
  const report = validate(loaded, { now, waivers, assumePartial: options.assumePartial === true });
  for (const { format: each, file } of reports) {
    try {
      writeFileSync(file, renderReport(report, each));
    } catch (error) {
      throw undecided(`cannot write ${file}: ${errorMessage(error)}`, 'Correct --report.');
    }
  }
  await print(io, renderReport(report, format));
  if (report.objects === 0 && !report.undecided)
    throw undecided('there are no objects in these paths', 'Name a file or folder with manifests.');
  return exitCodeOfReport(report, failOn);
}

/** A bad flag is "could not decide" too: 2 means drift in this family of commands. */
export function usageIsUndecided(error: CommanderError): never {
  throw new CommanderError(error.exitCode === 0 ? 0 : exitCode.notFound, error.code, error.message);
}

const help = `
Reads what \`kubectl apply -R\` reads: .yaml, .yml and .json files, hidden ones too, Lists, - for stdin. Kustomizations are
rendered with kubectl, Helm charts with helm and their own values; nothing is fetched. What cannot be seen ends with 3:
two folders with objects of one name are told apart with --env NAME=PATH, objects without a namespace among others are
placed with -n NAMESPACE, and --assume-partial goes on without, and says so in every report.

Exit codes of this command: 0 clean   1 findings at or above --fail-on   3 could not decide (unreadable, not seen, bad input)
Rules: docs/rules. What is read: docs/manifests.md. Waivers: clrk-waivers.yaml, written by \`clrk waive\`.`;

export const addValidate: AddCommand = ({ program, io, setExitCode }) => {
  const command = program
    .command('validate [paths...]')
    .description('Judge manifests by schema, references and policy rules, without a cluster')
    .addHelpText(
      'before',
      examples(
        'clrk validate dist/',
        'clrk validate dist/ -o github --report sarif=clrk.sarif --report junit=clrk.xml',
        'clrk validate dist/ --fail-on warn',
        'clrk validate apps --env dev=apps/dev --env prod=apps/prod',
        'helm template charts/agents | clrk validate -n agents -',
      ),
    )
    .addHelpText('after', help)
    .option('-o, --output <format>', `what to print: ${reportFormats.join(', ')}`, 'human')
    .option('--report <format=file>', 'write a report too; may be repeated', collect)
    .option('--fail-on <severity>', 'error, warn or info', 'error')
    .option('--waivers <file>', `default: ${waiversFile}, when it is there`);
  addInputFlags(command)
    .exitOverride(usageIsUndecided)
    .action(async (paths: readonly string[], options: ValidateCommandOptions, own) => {
      setExitCode(await runValidate(io, paths, { ...clusterFlags(own), ...options }));
    });
};
