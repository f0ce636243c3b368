/**
 * `clrk rollout history|status|undo AGENT`: revisions of an agent. Of the older ones the platform keeps those that calls may still be
 * sent to; what went before is in git. `undo` changes the agent in the cluster alone, and says so: a GitOps tool puts it back.
 */
import { ClrkError, renderAge, type AgentKind } from '../../contract/index.ts';
import { parseAgentTarget } from '../cluster/agent-target.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ownGroup, ownVersion } from '../cluster/discovery.ts';
import { agentPlurals, requireAgent } from '../cluster/known-agent.ts';
import { listAll } from '../cluster/list-all.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { usageError } from '../exit-code.ts';
import { notice, pause, printLine, type Io } from '../io.ts';
import type { KubernetesObject } from '../render/object-list.ts';
import { renderTable } from '../render/table.ts';
import { parseTimeout } from '../time-flag.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';
import { parseObjectFormat, printObjects } from './object-output.ts';

interface RolloutOptions extends ClusterFlags {
  readonly output?: string;
  readonly toRevision?: string;
  readonly timeout?: string;
}

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
}

interface AgentObject extends KubernetesObject {
  readonly metadata: KubernetesObject['metadata'] & {
    readonly generation?: number;
    readonly resourceVersion?: string;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly latestCreatedRevisionName?: string;
    readonly latestReadyRevisionName?: string;
    readonly conditions?: readonly Condition[];
  };
}

interface Revision extends KubernetesObject {
  readonly metadata: KubernetesObject['metadata'] & {
    readonly creationTimestamp?: string;
    readonly ownerReferences?: ReadonlyArray<{ readonly kind?: string; readonly name?: string }>;
  };
  readonly spec?: Readonly<Record<string, unknown>> & { readonly image?: string };
  readonly status?: { readonly readyWorkers?: number };
}

interface Agent {
  readonly kind: AgentKind;
  readonly name: string;
}

const pollMs = 1_000;
const fieldManager = 'clrk-rollout';
/** Of the template, what a revision keeps. */
const revised = ['image', 'command', 'args', 'env'] as const;

const rootOf = (cluster: Cluster): string =>
  `/apis/${ownGroup}/${ownVersion}/namespaces/${encodeURIComponent(cluster.namespace)}`;
const pathOf = (cluster: Cluster, { kind, name }: Agent): string =>
  `${rootOf(cluster)}/${agentPlurals[kind]}/${encodeURIComponent(name)}`;

function agentOf(target: string): Agent {
  const { kind, name, invocation } = parseAgentTarget(target);
  if (invocation !== undefined) throw usageError('a rollout is of an agent: give its name alone');
  return { kind, name };
}

async function readAgent(cluster: Cluster, agent: Agent): Promise<AgentObject> {
  await requireAgent(cluster, agent.name, agent.kind);
  return (await cluster.json({ path: pathOf(cluster, agent) })) as AgentObject;
}

/** The oldest first: names end in the number of the generation. */
async function readRevisions(cluster: Cluster, { kind, name }: Agent): Promise<readonly Revision[]> {
  const path = `${rootOf(cluster)}/agentsandboxrevisions`;
  const { objects } = await listAll(cluster, { path });
  return (objects as readonly Revision[])
    .filter(({ metadata }) =>
      (metadata.ownerReferences ?? []).some((owner) => owner.kind === kind && owner.name === name),
    )
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

export async function showHistory(io: Io, target: string, options: RolloutOptions): Promise<void> {
  const format = parseObjectFormat(options.output);
  const agent = agentOf(target);
  const cluster = await openCluster(io, options);
  const { status } = await readAgent(cluster, agent);
  const revisions = await readRevisions(cluster, agent);
  if (format !== undefined) return await printObjects(io, revisions, format);
  const rows = revisions.map(({ metadata, spec, status: stands }) => {
    const made = metadata.creationTimestamp === undefined ? undefined : new Date(metadata.creationTimestamp);
    const isServing = metadata.name === status?.latestReadyRevisionName;
    return [
      metadata.name,
      isServing ? 'serves' : metadata.name === status?.latestCreatedRevisionName ? 'coming' : 'going',
      String(stands?.readyWorkers ?? 0),
      spec?.image ?? '',
      renderAge(made, io.now()),
    ];
  });
  await printLine(io, renderTable({ headers: ['REVISION', 'STATE', 'WORKERS', 'IMAGE', 'AGE'], rows }));
}

/** Why, in its own words. */
function saidOf(ready: Condition | undefined): string {
  return [ready?.reason, ready?.message].filter((part) => part !== undefined && part !== '').join(': ');
}

/** Undefined: it is through. */
function waitsFor({ metadata, status = {} }: AgentObject): string | undefined {
  const { observedGeneration: seen = -1, conditions = [] } = status;
  if (seen < (metadata.generation ?? 1)) return 'the operator has not seen it yet';
  return waitsForRevision(
    status,
    conditions.find(({ type }) => type === 'Ready'),
  );
}

function waitsForRevision(
  status: NonNullable<AgentObject['status']>,
  ready: Condition | undefined,
): string | undefined {
  const { latestReadyRevisionName: serving = 'none', latestCreatedRevisionName: created = 'the newest' } =
    status;
  const why = saidOf(ready);
  if (created !== serving)
    return [`${created} is not ready (${serving} serves)`, why].filter(Boolean).join(': ');
  return ready?.status === 'True' ? undefined : `${created} serves, but the agent is not ready: ${why}`;
}

export async function showStatus(io: Io, target: string, options: RolloutOptions): Promise<void> {
  const agent = agentOf(target);
  const waitMs = parseTimeout(options.timeout ?? '5m');
  const cluster = await openCluster(io, options);
  const until = AbortSignal.any([io.interruption(), AbortSignal.timeout(Math.max(1, waitMs))]);
  let said = '';
  for (;;) {
    const object = await readAgent(cluster, agent);
    const waiting = waitsFor(object);
    if (waiting === undefined) {
      return await printLine(io, `${agent.name}: ${object.status?.latestReadyRevisionName ?? ''} serves`);
    }
    if (waiting !== said) notice(io, `${agent.name}: ${waiting}`);
    said = waiting;
    if (waitMs > 0) await pause(pollMs, until);
    io.interruption().throwIfAborted();
    if (!until.aborted && waitMs > 0) continue;
    throw new ClrkError('TIMEOUT', `${agent.name} is not rolled out: ${waiting}`, {
      hint: `See \`clrk describe ${agentPlurals[agent.kind]} ${agent.name}\`, or wait longer with --timeout.`,
    });
  }
}

function chooseRevision(
  revisions: readonly Revision[],
  { status }: AgentObject,
  wanted: string | undefined,
): Revision {
  const others = revisions.filter(({ metadata }) => metadata.name !== status?.latestCreatedRevisionName);
  const found =
    wanted === undefined
      ? (others.find(({ metadata }) => metadata.name === status?.latestReadyRevisionName) ?? others.at(-1))
      : revisions.find(({ metadata }) => metadata.name === wanted);
  if (found !== undefined) return found;
  const kept = revisions.map(({ metadata }) => metadata.name).join(', ');
  throw new ClrkError(
    'NOT_FOUND',
    wanted === undefined ? 'there is no earlier revision' : `there is no ${wanted}`,
    {
      hint: `Kept are: ${kept === '' ? 'none' : kept}. What went before is in git.`,
    },
  );
}

export async function undo(io: Io, target: string, options: RolloutOptions): Promise<void> {
  const agent = agentOf(target);
  const cluster = await openCluster(io, options);
  const object = await readAgent(cluster, agent);
  const revision = chooseRevision(await readRevisions(cluster, agent), object, options.toRevision);
  const { name } = revision.metadata;
  if (name === object.status?.latestCreatedRevisionName) {
    return await printLine(io, `${agent.name} is of ${name} already`);
  }
  // A merge: a member that the revision does not have goes, whoever wrote it; the rest of the agent stays.
  const spec = Object.fromEntries(revised.map((member) => [member, revision.spec?.[member] ?? null]));
  await cluster.json({
    method: 'PATCH',
    path: pathOf(cluster, agent),
    headers: { 'content-type': 'application/merge-patch+json' },
    query: { fieldManager },
    // Of the agent as it was read: what somebody changed since is his.
    body: JSON.stringify({
      metadata: { resourceVersion: object.metadata.resourceVersion },
      spec: { template: { spec } },
    }),
  });
  await printLine(
    io,
    `${agent.name} has the image, command and environment of ${name} again, as a new revision`,
  );
  notice(
    io,
    'Only the cluster was changed: where the manifest is kept, it is as it was. Change it there too.',
  );
}

export const addRollout: AddCommand = ({ program, io }) => {
  const rollout = program
    .command('rollout')
    .description('Revisions of an agent: which there are, whether the newest serves, back to an earlier one')
    .addHelpText(
      'before',
      examples(
        'clrk rollout status hello --timeout 2m',
        'clrk rollout history hello',
        'clrk rollout undo hello',
        'clrk rollout undo da/watcher --to-revision watcher-00003',
      ),
    );
  rollout
    .command('history <agent>')
    .description('Show the revisions that are kept')
    .option('-o, --output <format>', 'json or yaml')
    .action(async (target: string, options: RolloutOptions, command) => {
      await showHistory(io, target, { ...clusterFlags(command), ...options });
    });
  rollout
    .command('status <agent>')
    .description('Wait until the newest revision serves')
    .option('--timeout <duration>', 'how long to wait; 0s: do not', '5m')
    .action(async (target: string, options: RolloutOptions, command) => {
      await showStatus(io, target, { ...clusterFlags(command), ...options });
    });
  rollout
    .command('undo <agent>')
    .description('Give the agent what an earlier revision had')
    .option('--to-revision <name>', 'default: the one that serves, or the one before')
    .action(async (target: string, options: RolloutOptions, command) => {
      await undo(io, target, { ...clusterFlags(command), ...options });
    });
};
