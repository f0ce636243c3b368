/**
 * `clrk reach [PATH]`: the closed set of what each agent can use, and with --diff what a change adds and removes. No
 * cluster and no network, but for --live. The manifests are compiled by the operator's own compiler and judged by the gateway's own
 * functions; this file reads, prints and chooses the exit code.
 */
import { failsOn, reachCommentFormats } from '../../policy/index.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { usageError } from '../exit-code.ts';
import { printLine, type Io } from '../io.ts';
import { loadCompiler, parsePlatformCidrs } from '../reach/compiler.ts';
import { addInputFlags, collect, readInput, type InputFlags } from '../reach/manifest-input.ts';
import type { CompiledObject } from '../reach/compiled-object.ts';
import { LiveCluster } from '../reach/live-cluster.ts';
import { asUndecided, compareLive, soleSet } from '../reach/live.ts';
import { readObjects, readReachInput, type Compile, type ManifestSets } from '../reach/manifest-sets.ts';
import {
  changesOf,
  reachFormats,
  renderChanges,
  renderReach,
  type ReachFormat,
} from '../reach/reach-text.ts';
import { readSides } from '../reach/sides.ts';
import { readSynthConfig } from '../reach/synth-output.ts';
import { tellUndecided, undecided } from '../reach/undecided.ts';
import { answerWithin } from '../reach/within.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

interface ReachOptions extends InputFlags, ClusterFlags {
  readonly output?: string;
  readonly failOnAdded?: boolean;
  readonly failOnChanged?: boolean;
  readonly within?: string;
  readonly live?: boolean;
  readonly at?: string;
  readonly platformCidr?: readonly string[];
}

function parseFormat(text: string): ReachFormat {
  const format = reachFormats.find((each) => each === text);
  if (format === undefined)
    throw usageError(`reach has no output format "${text}"`, `There are ${reachFormats.join(', ')}.`);
  return format;
}

/** Of which Approvals that last are told; one that ended before is not there. */
function parseMoment({ at, live }: ReachOptions, now: Date): number {
  if (at === undefined) return now.getTime();
  if (live === true)
    throw usageError('--at goes with manifests, not with --live', 'A cluster says what holds now.');
  const moment = /^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})$/.test(at) ? Date.parse(at) : Number.NaN;
  if (!Number.isNaN(moment)) return moment;
  throw usageError(`--at ${at} is not a time`, 'For example 2026-11-28T17:00:00Z.');
}

/** Gateways without agents are for agents of somebody else: that nobody here reaches anything says nothing of them. */
function requireAgents(path: string, ...sides: readonly ManifestSets[]): void {
  if (sides.some(({ sets }) => sets.length > 0)) return;
  const why = `there are no agents in ${path}: whose reach it is about is not in these manifests`;
  throw undecided('AGENTS_MISSING', [why], 'Name the folder that holds agents and their gateways together.');
}

interface Question {
  readonly io: Io;
  readonly path: string;
  readonly format: ReachFormat;
  readonly options: ReachOptions;
}

type Input = Parameters<typeof readReachInput>[2] & { readonly assumePartial: boolean };

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

async function answerLive(question: Question, compile: Compile, input: Input): Promise<number> {
  const { io, path, format, options } = question;
  try {
    const objects = readObjects(path, input);
    const live = new LiveCluster(await openCluster(io, options), io.interruption());
    const dated = await live.dating(objects);
    const approvals = await live.approvals(objects);
    const manifests = (each: readonly CompiledObject[]): CompiledObject[] =>
      each.filter(({ kind }) => kind !== 'Approval').map(dated);
    const found = readReachInput(path, (each) => compile([...manifests(each), ...approvals]), input);
    if (!input.assumePartial) requireAgents(path, found);
    const answer = await compareLive(live, soleSet(found), options.platformCidr !== undefined);
    const changes = answer.changes.map((change) => ({ folder: '', ...change }));
    await printLine(io, renderChanges({ ...found, changes, base: path, live: answer }, format, path));
    return answer.differing.length + changes.length === 0 ? 0 : 1;
  } catch (error) {
    throw asUndecided(error);
  }
}

async function decide(question: Question): Promise<number> {
  const { io, path, format, options } = question;
  const { diff, within, live = false } = options;
  if ([diff !== undefined, within !== undefined, live].filter(Boolean).length > 1)
    throw usageError('--diff, --within and --live are questions of their own', 'Ask one of them.');
  if (within !== undefined && reachCommentFormats.some((each) => each === format))
    throw usageError(`--within has no output format "${format}"`, 'There are table (a sentence) and json.');
  const moment = parseMoment(options, io.now());
  const compile = await loadCompiler(parsePlatformCidrs(options.platformCidr), moment);
  const assumePartial = options.assumePartial === true;
  const input = { ...(await readInput(io, [path], options)), assumePartial };
  if (diff !== undefined) return await answerDiff(diff, question, compile, input);
  if (live) return await answerLive(question, compile, input);
  const found = readReachInput(path, compile, input);
  if (!assumePartial) requireAgents(path, found);
  if (within === undefined) {
    await printLine(io, renderReach(found, format, path));
    return 0;
  }
  const { text, exitCode } = answerWithin(found, within, format === 'json' ? 'json' : 'text');
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
    .description(
      'Show everything each agent can reach, or what a change adds to it; asks a cluster for --live alone',
    )
    .addHelpText(
      'before',
      examples(
        'clrk reach',
        'clrk reach dist/examples -o sentences',
        'clrk reach --diff origin/main --fail-on-added',
        'clrk reach dist --diff ../old/dist -o json',
        'clrk reach --diff origin/main -o markdown',
        'clrk reach dist/prod --within ../policy/boundary.yaml',
        'clrk reach dist/prod --live',
        'clrk reach dist/prod --at 2026-11-28T17:00:00Z',
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

With --live, each gateway and pool says which policy its replicas run, and one that runs another than the manifests is told by
the calls that differ: + passes there and not by the manifests. It takes the rights to list what the manifests hold, to get the
Lease of the operator and, where something differs, the Secrets of the configs (docs/reach.md).

Exit codes of reach: 0 done, 1 --diff found what --fail-on-added or --fail-on-changed names, --within found a call
outside, or --live something that runs another policy, 3 could not decide.`,
    )
    .option('-o, --output <format>', reachFormats.join(', '))
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
    .option('--live', 'compare with what gateways and pools of the cluster run: exit with 1 when it differs')
    .option('--at <time>', 'the moment of which Approvals that last are told (now)')
    .option('--platform-cidr <cidr>', 'an address range of the platform; may be repeated', collect);
  addInputFlags(command).action(async (path: string | undefined, options: ReachOptions, own) => {
    setExitCode(await runReach(io, path, { ...clusterFlags(own), ...options }));
  });
};
