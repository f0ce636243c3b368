/**
 * `clrk reach [PATH]`: the closed set of what each agent can use, and with --diff what a change adds and removes. No
 * cluster, no network. The manifests are compiled by the operator's own compiler and judged by the gateway's own
 * functions; this file reads, prints and chooses the exit code.
 */
import { parseCidr } from '../../contract/index.ts';
import {
  computeReach,
  diffReach,
  failsOn,
  reachCommentFormats,
  reachHeaders,
  reachRows,
  reachSentences,
  renderReachComment,
  type ReachChange,
  type ReachCommentChange,
  type ReachCommentFormat,
  type ReachDocuments,
} from '../../policy/index.ts';
import { usageError } from '../exit-code.ts';
import { printLine, type Io } from '../io.ts';
import { addInputFlags, collect, readInput, type InputFlags } from '../reach/manifest-input.ts';
import { readReachInput, type ManifestSet, type ManifestSets } from '../reach/manifest-sets.ts';
import { renderNotEnforcedBlock } from '../reach/not-enforced.ts';
import { renderUnseen } from '../reach/partial-report.ts';
import { readSides } from '../reach/sides.ts';
import { readSynthConfig } from '../reach/synth-output.ts';
import { tellUndecided, undecided } from '../reach/undecided.ts';
import { answerWithin } from '../reach/within.ts';
import { renderTable } from '../render/table.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

const formats = ['table', 'sentences', 'json', ...reachCommentFormats] as const;

interface ReachOptions extends InputFlags {
  readonly output?: string;
  readonly failOnAdded?: boolean;
  readonly failOnChanged?: boolean;
  readonly within?: string;
  readonly platformCidr?: readonly string[];
}

type Format = (typeof formats)[number];

function parseFormat(text: string): Format {
  const format = formats.find((each) => each === text);
  if (format === undefined)
    throw usageError(`reach has no output format "${text}"`, `There are ${formats.join(', ')}.`);
  return format;
}

/** Titles say which folder only where there is more than one. */
function titled(sets: readonly ManifestSet[], label: string): string[] {
  return sets.length > 1 ? [`# ${label === '' ? '.' : label}`] : [];
}

/** The formats of a review's comment. */
function commentFormat(format: Format): ReachCommentFormat | undefined {
  return reachCommentFormats.find((each) => each === format);
}

/** What an answer leaves out, as an entry of a comment. */
function notSeen(sentence: string): ReachCommentChange {
  return { direction: 'not seen', sentence, folder: '' };
}

function notCarriedOut(sentence: string): ReachCommentChange {
  return { direction: 'not carried out', sentence, folder: '' };
}

function renderReach({ sets, unseen, notEnforced }: ManifestSets, format: Format, path: string): string {
  const all = sets.map(({ label, documents }) => ({ label, reach: computeReach(documents) }));
  const comment = commentFormat(format);
  if (comment !== undefined) {
    const changes = all.flatMap(({ label, reach }) =>
      reachSentences(reach).map((sentence) => ({
        direction: 'is',
        sentence,
        folder: all.length > 1 ? label || '.' : '',
      })),
    );
    const told = [...changes, ...unseen.map(notSeen), ...notEnforced.map(notCarriedOut)];
    return renderReachComment({ base: undefined, changes: told, path }, comment).trimEnd();
  }
  if (format === 'json') {
    const agents = all.flatMap(({ label, reach }) =>
      reach.map(({ agent, regions, missingGateways }) => ({
        folder: label,
        agent,
        reaches: regions.map(({ destinations, ports, value }) => ({ destinations, ports, accesses: value })),
        missingGateways,
      })),
    );
    return JSON.stringify({ version: 1, partial: unseen.length > 0, unseen, notEnforced, agents }, null, 2);
  }
  const blocks = all.map(({ label, reach }) => {
    const body =
      format === 'sentences'
        ? reachSentences(reach).join('\n')
        : renderTable({ headers: reachHeaders, rows: reachRows(reach) });
    return [...titled(sets, label), body].join('\n');
  });
  return [...blocks, ...renderNotEnforcedBlock(notEnforced), ...renderUnseen(unseen)].join('\n\n');
}

interface LabelledChange extends ReachChange {
  readonly folder: string;
}

const signs: Readonly<Record<ReachChange['direction'], string>> = { added: '+', removed: '-', changed: '~' };
const nothing: ReachDocuments = { gateways: [], pools: [] };

function changesOf(before: readonly ManifestSet[], after: readonly ManifestSet[]): LabelledChange[] {
  const labels = [...new Set([...before, ...after].map(({ label }) => label))].sort();
  return labels.flatMap((folder) => {
    const pick = (sets: readonly ManifestSet[]): ReachDocuments =>
      sets.find(({ label }) => label === folder)?.documents ?? nothing;
    return diffReach(pick(before), pick(after)).map((change) => ({ folder, ...change }));
  });
}

interface Changes {
  readonly changes: readonly LabelledChange[];
  /** What it is compared with. */
  readonly base: string;
  readonly unseen: readonly string[];
  readonly notEnforced: readonly string[];
}

function renderChanges(
  { changes, base, unseen, notEnforced }: Changes,
  format: Format,
  path: string,
): string {
  const count = (direction: ReachChange['direction']): number =>
    changes.filter((each) => each.direction === direction).length;
  const counts = { added: count('added'), removed: count('removed'), changed: count('changed') };
  const partial = unseen.length > 0;
  if (format === 'json')
    return JSON.stringify({ version: 1, base, partial, unseen, notEnforced, ...counts, changes }, null, 2);
  const several = new Set(changes.map(({ folder }) => folder)).size > 1;
  const comment = commentFormat(format);
  if (comment !== undefined) {
    const labelled = changes.map((each) => ({ ...each, folder: several ? each.folder || '.' : '' }));
    const told = [...labelled, ...unseen.map(notSeen), ...notEnforced.map(notCarriedOut)];
    return renderReachComment({ base, changes: told, path }, comment).trimEnd();
  }
  const lines = changes.map(
    ({ direction, sentence, folder }) =>
      `${signs[direction]} ${several ? `[${folder || '.'}] ` : ''}${sentence}`,
  );
  const summary =
    changes.length === 0
      ? `reach ${partial ? 'of what was seen ' : ''}is the same as in ${base}`
      : `${counts.added} added, ${counts.removed} removed, ${counts.changed} changed since ${base}`;
  return [...lines, summary, ...renderNotEnforcedBlock(notEnforced), ...renderUnseen(unseen)].join('\n');
}

async function compiler(platformCidrs: readonly string[]) {
  const { compileManifests } = await import('../../operator/index.ts');
  return (objects: Parameters<typeof compileManifests>[0]): ReachDocuments =>
    compileManifests(objects, platformCidrs);
}

/** Gateways without agents are for agents of somebody else: that nobody here reaches anything says nothing of them. */
function requireAgents(path: string, ...sides: readonly ManifestSets[]): void {
  if (sides.some(({ sets }) => sets.length > 0)) return;
  const why = `there are no agents in ${path}: whose reach it is about is not in these manifests`;
  throw undecided('AGENTS_MISSING', [why], 'Name the folder that holds agents and their gateways together.');
}

function parsePlatformCidrs({ platformCidr = [] }: ReachOptions): readonly string[] {
  const wrong = platformCidr.find((cidr) => parseCidr(cidr) === undefined);
  if (wrong !== undefined)
    throw usageError(`--platform-cidr ${wrong} is not a CIDR`, 'For example 10.96.0.0/12.');
  return platformCidr;
}

interface Question {
  readonly io: Io;
  readonly path: string;
  readonly format: Format;
  readonly options: ReachOptions;
}

type Input = Parameters<typeof readReachInput>[2] & { readonly assumePartial: boolean };
type Compile = Awaited<ReturnType<typeof compiler>>;

async function answerDiff(base: string, question: Question, compile: Compile, input: Input): Promise<number> {
  const { io, path, format, options } = question;
  const { before, after } = await readSides({ head: path, base, compile, options: input });
  if (!input.assumePartial) requireAgents(path, before, after);
  const changes = changesOf(before.sets, after.sets);
  const unseen = [...before.unseen, ...after.unseen];
  await printLine(io, renderChanges({ changes, base, unseen, notEnforced: after.notEnforced }, format, path));
  const { failOnAdded: added = false, failOnChanged: changed = false } = options;
  return failsOn(changes, { added, changed }) ? 1 : 0;
}

async function decide(question: Question): Promise<number> {
  const { io, path, format, options } = question;
  const { diff, within } = options;
  if (diff !== undefined && within !== undefined)
    throw usageError('--diff and --within are two questions', 'Ask one of them.');
  const compile = await compiler(parsePlatformCidrs(options));
  const assumePartial = options.assumePartial === true;
  const input = { ...(await readInput(io, [path], options)), assumePartial };
  if (diff !== undefined) return await answerDiff(diff, question, compile, input);
  const found = readReachInput(path, compile, input);
  if (!assumePartial) requireAgents(path, found);
  if (within === undefined) {
    await printLine(io, renderReach(found, format, path));
    return 0;
  }
  const { text, exitCode } = answerWithin(found, within);
  await printLine(io, text);
  return exitCode;
}

export async function runReach(io: Io, path: string | undefined, options: ReachOptions): Promise<number> {
  const format = parseFormat(options.output ?? 'table');
  const root = path ?? readSynthConfig('cdk8s.yaml').output;
  return await tellUndecided(io, () => decide({ io, path: root, format, options }));
}

export const addReach: AddCommand = ({ program, io, setExitCode }) => {
  const command = program
    .command('reach [path]')
    .description('Show everything each agent can reach, or what a change adds to it; asks no cluster')
    .addHelpText(
      'before',
      examples(
        'clrk reach',
        'clrk reach dist/examples -o sentences',
        'clrk reach --diff origin/main --fail-on-added',
        'clrk reach dist --diff ../old/dist -o json',
        'clrk reach --diff origin/main -o markdown',
        'clrk reach apps --env dev=apps/dev --env prod=apps/prod',
        'kubectl kustomize overlays/prod | clrk reach -n agents -',
      ),
    )
    .addHelpText(
      'after',
      `
What is not listed is refused. Metadata services, loopback, link-local and multicast addresses are never open; names
resolve to public addresses only, unless an address is pinned or a CIDR names it. The platform's own addresses are
never open either: name them with --platform-cidr to see them taken out. Among routes of one gateway the older comes
first in a cluster; here, where no object has an age, the first by name does.

Read is what \`kubectl apply -R\` reads, hidden files too; kustomizations are rendered with kubectl, Helm charts with helm and
their own values, and nothing is fetched. A closed set is of all manifests or of none: what cannot be rendered, resolved or
told apart ends with 3 and a list. Say --env NAME=PATH where two folders hold objects of one name, -n NAMESPACE where objects
name none, and --assume-partial to go on without; the report says so. See docs/manifests.md.

Exit codes of reach: 0 done, 1 --diff found what --fail-on-added or --fail-on-changed
names, or --within found a call outside, 3 could not decide.`,
    )
    .option('-o, --output <format>', formats.join(', '))
    .option('--diff <base>', 'a git revision or a folder to compare with')
    .option('--fail-on-added', 'with --diff: exit with 1 when an agent may do more')
    .option(
      '--fail-on-changed',
      'with --diff: exit with 1 when calls go another way: host, key, model, records',
    )
    .option(
      '--within <boundary>',
      'a file with what may be reached at most: exit with 1 and a call that leaves it',
    )
    .option('--platform-cidr <cidr>', 'an address range of the platform; may be repeated', collect);
  addInputFlags(command).action(async (path: string | undefined, options: ReachOptions, own) => {
    setExitCode(await runReach(io, path, { ...clusterFlags(own), ...options }));
  });
};
