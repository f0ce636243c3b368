/**
 * `clrk waive RULE KIND/NAME`: adds an entry to clrk-waivers.yaml, everything else in the file left as it is. What it
 * writes it reads back first, so that it never writes an entry `clrk validate` would refuse.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import {
  addWaiver,
  defaultNamespace,
  parseWaivers,
  waiversFile,
  type WaiverEntry,
} from '../../policy/index.ts';
import { printLine, type Io } from '../io.ts';
import type { Command } from 'commander';
import { examples, type AddCommand } from './command.ts';
import { undecided, usageIsUndecided } from './validate.ts';

interface WaiveOptions {
  readonly reason: string;
  readonly owner: string;
  readonly expires: string;
  readonly path?: string;
  readonly file: string;
  readonly namespace?: string;
}

/** As reports name an object: `Kind/name`, `Kind/namespace/name` or `Kind namespace/name`. */
const targetPattern = /^\s*([^/\s]+)[/ ](?:([^/\s]+)\/)?([^/\s]+)\s*$/;

function parseTarget(
  target: string,
  given: string | undefined,
): Pick<WaiverEntry, 'kind' | 'namespace' | 'name'> {
  const [whole, kind = '', namespace = given, name = ''] = targetPattern.exec(target) ?? [];
  if (whole === undefined) {
    throw undecided(
      `"${target}" is not KIND/NAME`,
      'Write it as in the report: TaskAgent/hello, or TaskAgent/team/hello.',
    );
  }
  if (given !== undefined && namespace !== given) {
    throw undecided(`"${target}" and -n ${given} name two namespaces`, 'Give one of them.');
  }
  return { kind, ...(namespace === undefined ? {} : { namespace }), name };
}

/** `2027-01-31`, or `30d` from today. */
function parseExpiry(text: string, now: Date): string {
  const days = /^(\d{1,3})d$/.exec(text)?.[1];
  return days === undefined
    ? text
    : new Date(now.getTime() + Number(days) * 86_400_000).toISOString().slice(0, 10);
}

export async function runWaive(io: Io, rule: string, target: string, options: WaiveOptions): Promise<void> {
  const { file, namespace, path, reason, owner } = options;
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const waiver: WaiverEntry = {
    rule,
    ...parseTarget(target, namespace),
    ...(path === undefined ? {} : { path }),
    reason,
    owner,
    expires: parseExpiry(options.expires, io.now()),
  };
  const after = addWaiver(before, waiver);
  if (after === undefined)
    throw undecided(`${file} is not a waiver file`, 'Correct it: `waivers:` with a list of entries.');
  const known = parseWaivers(before, file, io.now()).problems.length;
  const problem = parseWaivers(after, file, io.now()).problems.at(-1);
  if (problem !== undefined && parseWaivers(after, file, io.now()).problems.length > known) {
    throw undecided(problem.message, 'Nothing was written.');
  }
  writeFileSync(file, after);
  const where = `${waiver.kind ?? ''} ${waiver.namespace ?? defaultNamespace}/${waiver.name}`;
  await printLine(io, `${file}: ${rule} waived for ${where} until ${waiver.expires}`);
}

export const addWaive: AddCommand = ({ program, io }) => {
  program
    .command('waive <rule> <kind/name>')
    .description('Write a waiver for a finding of `clrk validate`, in one namespace, for at most 90 days')
    .addHelpText(
      'before',
      examples(
        `clrk waive image-without-digest TaskAgent/team/hello --reason 'built on this machine' --owner ann --expires 30d`,
      ),
    )
    .requiredOption('--reason <text>', 'why it is right for now')
    .requiredOption('--owner <name>', 'who answers for it')
    .requiredOption('--expires <date>', 'YYYY-MM-DD, or days such as 30d')
    .option('--path <path>', 'only at this place, as the JSON report shows it')
    .option('--file <file>', 'the waiver file', waiversFile)
    .exitOverride(usageIsUndecided)
    .action(async (rule: string, target: string, options: WaiveOptions, command: Command) => {
      const { namespace } = command.optsWithGlobals<{ namespace?: string }>();
      await runWaive(io, rule, target, { ...options, ...(namespace === undefined ? {} : { namespace }) });
    });
};
