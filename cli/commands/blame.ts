/**
 * `clrk blame INVOCATION|DIGEST [PATH]`: which commit, manifest and line of a program let a call through. The record of a call names
 * the policy that decided, by a digest of what manifests say; here the manifests of each commit are compiled until one comes to it.
 */
import { attribute, ClrkError } from '../../contract/index.ts';
import { blameJson, renderBlame, type Answered } from '../blame/blame-text.ts';
import { commitsOf, contentOf, History, type HistoryOptions } from '../blame/history.ts';
import { allowedCalls, type Allowed } from '../blame/question.ts';
import { judge } from '../blame/verdict.ts';
import { parseAgentTarget } from '../cluster/agent-target.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { TelemetryClient } from '../cluster/telemetry-client.ts';
import { usageError } from '../exit-code.ts';
import { notice, printForeign, type Io } from '../io.ts';
import { loadCompiler, parsePlatformCidrs } from '../reach/compiler.ts';
import { LiveCluster } from '../reach/live-cluster.ts';
import { addInputFlags, collect, readInput, type InputFlags } from '../reach/manifest-input.ts';
import { readObjects, type Compile } from '../reach/manifest-sets.ts';
import { readSynthConfig } from '../reach/synth-output.ts';
import { tellUndecided, undecided } from '../reach/undecided.ts';
import { parseCount } from '../time-flag.ts';
import type { CompiledObject } from '../reach/compiled-object.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

interface BlameOptions extends InputFlags, ClusterFlags {
  readonly output?: string;
  readonly commits?: string;
  readonly live?: boolean;
  readonly platformCidr?: readonly string[];
}

const usualCommits = 200;
const maxCommits = 10_000;
/** Of one invocation; an answer holds no more spans. */
const maxSpans = 1_000;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

function notAsked(target: string) {
  return usageError(
    `"${target}" is neither NAME/INVOCATION nor a whole digest`,
    'For example: clrk blame hello/3f0c2a52-…, with an id of `clrk get invocations`, or sha256: and 64 digits.',
  );
}

async function spansOf(io: Io, target: string, options: BlameOptions) {
  // No name of an object has a colon.
  if (target.includes(':')) throw notAsked(target);
  const { kind, name, invocation } = parseAgentTarget(target);
  if (invocation === undefined) throw notAsked(target);
  const cluster = await openCluster(io, options);
  const { environment, now } = io;
  const client = new TelemetryClient(cluster, { environment, now });
  const agent = { kind, name, namespace: cluster.namespace };
  const spans = [];
  for await (const { span } of client.spans(agent, { invocation, limit: maxSpans }, io.interruption())) {
    spans.push(span);
  }
  if (spans.length === maxSpans) notice(io, `Only the first ${maxSpans} spans of ${target} were read.`);
  return spans;
}

async function askedOf(io: Io, target: string, options: BlameOptions): Promise<readonly Allowed[]> {
  if (digestPattern.test(target)) return [{ digest: target, route: undefined, calls: [] }];
  const asked = allowedCalls(await spansOf(io, target, options));
  if (asked.length > 0) return asked;
  throw new ClrkError('NOT_FOUND', `no call of ${target} that was let through is recorded`, {
    hint: 'Ask `clrk traces` what it did; records may be a moment behind.',
  });
}

/** Of routes and policies the older goes first, which a cluster knows and manifests do not. */
async function datedCompiler(
  io: Io,
  options: BlameOptions,
  read: () => readonly CompiledObject[],
): Promise<Compile> {
  const compile = await loadCompiler(parsePlatformCidrs(options.platformCidr));
  if (options.live !== true) return compile;
  const live = new LiveCluster(await openCluster(io, options), io.interruption());
  const dated = await live.dating(read());
  return (objects) => compile(objects.map(dated));
}

function notFound(asked: Allowed, path: string, commits: number, partial: number) {
  const why = `none of the ${commits} commits of ${path} that were looked at comes to policy ${asked.digest}`;
  const more = partial > 0 ? [`${partial} of them hold what could not be read`] : [];
  const hint =
    'Name the folder that is applied, look further back (--commits, a deeper clone), or say --live: ages of objects decide which of two comes first.';
  return undecided('BLAME_NOT_FOUND', [why, ...more], hint);
}

function parseCommits(text: string): number {
  const most = parseCount(text);
  if (most > 0 && most <= maxCommits) return most;
  throw usageError(
    `--commits ${text} is not a number of commits`,
    `Give a whole number, 1 to ${maxCommits}.`,
  );
}

async function decide(io: Io, target: string, path: string, options: BlameOptions): Promise<number> {
  const most = parseCommits(options.commits ?? String(usualCommits));
  const asked = await askedOf(io, target, options);
  const input = { ...(await readInput(io, [path], options)), assumePartial: true };
  const isInvocation = !digestPattern.test(target);
  const compile = await datedCompiler(io, { ...options, live: options.live ?? isInvocation }, () =>
    readObjects(path, input),
  );
  const historyOptions: HistoryOptions = { ...input, path, compile };
  const history = new History(historyOptions);
  const commits = await commitsOf(path, most);
  const now = contentOf(path, historyOptions);
  const answers: Answered[] = [];
  for (const each of asked) {
    const verdict = await judge(each, { history, commits, now });
    if (verdict === undefined) throw notFound(each, path, commits.list.length, history.partial);
    answers.push({ asked: each, verdict });
  }
  const isJson = options.output === 'json';
  // Names of hosts, and what people write into commits.
  await printForeign(io, isJson ? blameJson(answers) : renderBlame(answers), isJson ? 'json' : 'text');
  return 0;
}

export async function runBlame(
  io: Io,
  target: string,
  path: string | undefined,
  options: BlameOptions,
): Promise<number> {
  const { output = 'text' } = options;
  if (output !== 'text' && output !== 'json') {
    throw usageError(`blame has no output format "${output}"`, 'There are text and json.');
  }
  const root = path ?? readSynthConfig('cdk8s.yaml').output;
  return await tellUndecided(io, () => decide(io, target, root, options));
}

export const addBlame: AddCommand = ({ program, io, setExitCode }) => {
  const command = program
    .command('blame <what> [path]')
    .description(
      'Show which commit and which line let a call through: NAME/INVOCATION, or the digest of a policy',
    )
    .addHelpText(
      'before',
      examples(
        'clrk blame hello/3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11',
        'clrk blame hello/3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11 dist/prod -o json',
        `clrk blame sha256:${'0'.repeat(64)} dist/prod --commits 1000`,
      ),
    )
    .addHelpText(
      'after',
      `
PATH is the folder of manifests that is applied; default: what cdk8s.yaml says. Each record of a call has the digest of the policy
that let it through (${attribute.policyDigest}); commits that touched PATH are compiled, the newest first, until one comes to
it. Told are the route, its place, the commit that wrote it as it was, and since when the policy is in force; with
clrk-sources.json beside the manifests (synth writes it) also the line of TypeScript.

Exit codes: 0 found, 2 usage, 3 nothing recorded, or no commit that was looked at comes to it.`,
    )
    .option('--commits <count>', `look at so many commits at most (${usualCommits})`)
    .option('--live', 'ask the cluster for the ages of objects; asked of itself for an invocation')
    .option('--platform-cidr <cidr>', 'a range of the platform, as for reach; may be repeated', collect)
    .option('-o, --output <format>', 'text or json');
  addInputFlags(command).action(
    async (what: string, path: string | undefined, options: BlameOptions, cmd) => {
      setExitCode(await runBlame(io, what, path, { ...clusterFlags(cmd), ...options }));
    },
  );
};
