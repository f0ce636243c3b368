/**
 * `clrk install` and `clrk upgrade`: preflight checks, then the objects of dist/platform by server-side apply, then
 * waiting. Both do the same; they differ in what they expect to find. They never take a field from another manager
 * unless asked.
 */
import { stringify } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import {
  ClrkError,
  isRetention,
  retentionDays,
  systemNamespace,
  type KeptRecords,
} from '../../contract/index.ts';
import { Applier } from '../cluster/applier.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { exitCode, usageError } from '../exit-code.ts';
import { find, installations, installManager } from '../install/installed.ts';
import { definitions, mergeChoices, platformObjects, type Choices } from '../install/platform-objects.ts';
import { preflight, type Finding } from '../install/preflight.ts';
import { awaitRollout } from '../install/rollout.ts';
import { findingLines } from '../render/finding-lines.ts';
import { notice, print, printLine, type Io } from '../io.ts';
import type { Manifest } from '../manifest-files.ts';
import { clusterFlags, examples, type AddCommand, type CommandContext } from './command.ts';

type Action = 'install' | 'upgrade';
const definitionModes = ['always', 'if-missing', 'never'] as const;
type DefinitionMode = (typeof definitionModes)[number];

export interface InstallOptions extends ClusterFlags, Choices {
  readonly crds: string;
  readonly dryRun?: boolean;
  readonly output?: string;
  readonly wait: boolean;
  readonly timeout: string;
  readonly allowDowngrade?: boolean;
  readonly forceConflicts?: boolean;
}

const choiceNames = [
  'image',
  'natsImage',
  'natsUrl',
  'clickhouseUrl',
  'installClickhouse',
  'clickhouseImage',
  'storageClass',
  'platformCidrs',
  'logRetentionDays',
  'traceRetentionDays',
  'invocationRetentionDays',
] as const satisfies readonly (keyof Choices)[];

function chosen(options: InstallOptions): Choices {
  const entries = choiceNames.map((name) => [name, options[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function parseTimeout(text: string): number {
  const match = /^(\d{1,5})(s|m)$/.exec(text);
  if (match === null) throw usageError(`--timeout=${text} is not like 90s or 5m`);
  return Number(match[1]) * (match[2] === 'm' ? 60_000 : 1_000);
}

/** Flag, help and parser of `--<name>-retention-days`. */
function daysOption(name: string, kept: KeptRecords): [string, string, (text: string) => number] {
  const { least, most, initial } = retentionDays[kept];
  const flag = `--${name}-retention-days`;
  const parse = (text: string): number => {
    const days = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!isRetention(kept, days))
      throw usageError(`${flag}=${text} is not a number of days from ${least} to ${most}`);
    return days;
  };
  return [
    `${flag} <n>`,
    `days that ${kept} are kept; default: as the store has it, ${initial} in a new one`,
    parse,
  ];
}

function reportFindings(io: Io, findings: readonly Finding[]): void {
  for (const line of findings.flatMap(findingLines)) notice(io, line);
  const failed = findings.filter(({ level }) => level === 'error');
  if (failed.length === 0) return;
  const names = failed.map(({ check }) => check).join(', ');
  throw new ClrkError('PREFLIGHT_FAILED', `nothing was changed: ${names} failed`, {
    hint: 'Mend what is said above, then run it again.',
  });
}

async function missingOnly(cluster: Cluster, wanted: readonly Manifest[]): Promise<readonly Manifest[]> {
  const missing: Manifest[] = [];
  for (const manifest of wanted) {
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${manifest.metadata.name}`;
    if ((await find(cluster, path)) === undefined) missing.push(manifest);
  }
  return missing;
}

interface Plan {
  readonly action: Action;
  readonly namespace: string;
  readonly kinds: DefinitionMode;
  readonly timeoutMs: number;
  readonly options: InstallOptions;
}

function planOf(action: Action, options: InstallOptions): Plan {
  const kinds = definitionModes.find((each) => each === options.crds);
  if (kinds === undefined)
    throw usageError(`--crds=${options.crds} is not one of ${definitionModes.join(', ')}`);
  if (options.installClickhouse === true && options.clickhouseUrl !== undefined) {
    throw usageError(
      '--install-clickhouse and --clickhouse-url exclude each other: records go to one server',
    );
  }
  if (options.output !== undefined && (options.output !== 'yaml' || options.dryRun !== true)) {
    throw usageError('-o can be yaml, together with --dry-run');
  }
  const timeoutMs = parseTimeout(options.timeout);
  return { action, namespace: options.namespace ?? systemNamespace, kinds, timeoutMs, options };
}

/** Needs no cluster: what would be applied where nothing is yet. */
async function printObjects(io: Io, { namespace, kinds, options }: Plan): Promise<void> {
  const [first, ...rest] = await platformObjects(namespace, chosen(options));
  const all = [...(first === undefined ? [] : [first]), ...(kinds === 'never' ? [] : definitions()), ...rest];
  await print(io, all.map((each) => `---\n${stringify(each, { aliasDuplicateObjects: false })}`).join(''));
}

async function choicesAfterPreflight(io: Io, cluster: Cluster, plan: Plan): Promise<Choices> {
  const { action, namespace, kinds, options } = plan;
  const earlier = (await installations(cluster)).find((each) => each.namespace === namespace);
  const choices = mergeChoices(earlier?.choices, chosen(options));
  const findings = await preflight(cluster, {
    action,
    namespace,
    version: packageJson.version,
    definitionNames: definitions().map(({ metadata }) => metadata.name),
    overwritesDefinitions: kinds === 'always',
    storageClass: choices.storageClass,
    allowDowngrade: options.allowDowngrade ?? false,
  });
  reportFindings(io, findings);
  return choices;
}

async function definitionsFor(cluster: Cluster, mode: DefinitionMode): Promise<readonly Manifest[]> {
  if (mode === 'never') return [];
  return mode === 'always' ? definitions() : await missingOnly(cluster, definitions());
}

async function runInstall(io: Io, action: Action, options: InstallOptions): Promise<number> {
  const plan = planOf(action, options);
  if (options.output === 'yaml') {
    await printObjects(io, plan);
    return exitCode.ok;
  }
  const cluster = await openCluster(io, options);
  const choices = await choicesAfterPreflight(io, cluster, plan);
  const objects = await platformObjects(plan.namespace, choices);
  const applier = new Applier(cluster, io, {
    dryRun: options.dryRun === true ? 'client' : 'none',
    fieldManager: installManager,
    forceConflicts: options.forceConflicts ?? false,
  });
  const kinds = await definitionsFor(cluster, plan.kinds);
  for (const manifest of [...kinds, ...objects]) {
    io.interruption().throwIfAborted();
    await printLine(io, await applier.apply(manifest));
  }
  if (options.dryRun === true) return exitCode.ok;
  if (options.wait) await awaitRollout(cluster, io, objects, plan.timeoutMs);
  const done = action === 'install' ? 'installed' : 'up to date';
  notice(io, `CLRK ${packageJson.version} is ${done} in ${plan.namespace}.`);
  return exitCode.ok;
}

function addOne({ program, io, setExitCode }: CommandContext, action: Action): void {
  const command = program
    .command(action)
    .description(
      action === 'install'
        ? 'Install the platform on a cluster'
        : 'Bring an installed platform to this version, with the options it was installed with',
    )
    .addHelpText(
      'before',
      examples(
        `clrk ${action}`,
        `clrk ${action} --dry-run -o yaml`,
        `clrk ${action} --image registry.example/clrk:0.1.0`,
      ),
    )
    .option('--image <image>', 'image of all roles; default: the release’s')
    .option('--nats-image <image>', 'image of nats-server')
    .option('--nats-url <url>', 'a NATS of your own instead of the one installed')
    .option(
      '--clickhouse-url <url>',
      'a ClickHouse server instead of the embedded engine (no password in it)',
    )
    .option('--install-clickhouse', 'bring a ClickHouse server along instead of the embedded engine')
    .option('--clickhouse-image <image>', 'image of that server')
    .option('--storage-class <name>', 'class of the volumes; default: the cluster’s')
    .option('--platform-cidrs <list>', 'networks no agent may ever reach, comma-separated')
    .option(...daysOption('log', 'logs'))
    .option(...daysOption('trace', 'traces'))
    .option(...daysOption('invocation', 'invocations'))
    .option('--crds <mode>', 'definitions of the kinds: always, if-missing or never', 'always')
    .option('--dry-run', 'check and list, change nothing; with -o yaml print the objects')
    .option('-o, --output <format>', 'yaml')
    .option('--no-wait', 'do not wait until everything is ready')
    .option('--timeout <duration>', 'how long to wait', '5m')
    .option('--force-conflicts', 'take over fields another manager owns');
  if (action === 'upgrade') command.option('--allow-downgrade', 'also to an older version');
  command.action(async (options: InstallOptions, self) => {
    setExitCode(await runInstall(io, action, { ...clusterFlags(self), ...options }));
  });
}

export const addInstall: AddCommand = (context) => addOne(context, 'install');
export const addUpgrade: AddCommand = (context) => addOne(context, 'upgrade');
