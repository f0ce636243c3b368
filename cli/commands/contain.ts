/**
 * `clrk contain AGENT`: closes an agent's egress now, streams under way included; its runs go on without it, and a DaemonAgent is
 * stopped. The mark has
 * a field manager of its own, so that Argo CD, Flux and `clrk apply` leave it alone; `--release` takes it away again.
 */
import { ClrkError, containedAnnotation, containmentOf, type AgentKind } from '../../contract/index.ts';
import { parseAgentTarget } from '../cluster/agent-target.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ownGroup, ownVersion } from '../cluster/discovery.ts';
import { agentPlurals, requireAgent } from '../cluster/known-agent.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { usageError } from '../exit-code.ts';
import { notice, printLine, type Io } from '../io.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

interface ContainOptions extends ClusterFlags {
  readonly reason?: string;
  readonly release?: boolean;
}

interface AgentObject {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

const fieldManager = 'clrk-contain';
const maxReason = 256;

/** Applies what this field manager says of the agent; what it said before and does not say now goes. */
async function mark(
  cluster: Cluster,
  { kind, name }: { readonly kind: AgentKind; readonly name: string },
  annotations: Record<string, string>,
): Promise<AgentObject> {
  const namespace = encodeURIComponent(cluster.namespace);
  const object = {
    apiVersion: `${ownGroup}/${ownVersion}`,
    kind,
    metadata: { name, namespace: cluster.namespace, annotations },
  };
  return (await cluster.json({
    method: 'PATCH',
    path: `/apis/${ownGroup}/${ownVersion}/namespaces/${namespace}/${agentPlurals[kind]}/${encodeURIComponent(name)}`,
    headers: { 'content-type': 'application/apply-patch+yaml' },
    query: { fieldManager, force: 'true' },
    body: JSON.stringify(object),
  })) as AgentObject;
}

export async function runContain(io: Io, target: string, options: ContainOptions): Promise<void> {
  const { kind, name, invocation } = parseAgentTarget(target);
  if (invocation !== undefined) throw usageError('an agent is contained whole: give its name alone');
  const { reason = '', release = false } = options;
  if (reason.length > maxReason) throw usageError(`--reason takes at most ${maxReason} characters`);
  const cluster = await openCluster(io, options);
  // Server-side apply would try to create what is not there.
  await requireAgent(cluster, name, kind);
  const agent = { kind, name };
  const full = `${cluster.namespace}/${name}`;
  if (!release) {
    const by = io.environment['USER'] ?? 'somebody';
    const text = `${io.now().toISOString()} by ${by}${reason === '' ? '' : `: ${reason}`}`;
    await mark(cluster, agent, { [containedAnnotation]: text });
    const runs = kind === 'DaemonAgent' ? 'and it is stopped' : 'its runs go on without it';
    await printLine(io, `${full} is contained: its egress closes within seconds, ${runs}`);
    return notice(io, `Undo it with: clrk contain ${target} -n ${cluster.namespace} --release`);
  }
  const left = containmentOf(await mark(cluster, agent, {}));
  if (left !== undefined) {
    throw new ClrkError('STILL_CONTAINED', `${full} is still contained: somebody else wrote the mark`, {
      hint: `Remove the annotation ${containedAnnotation} where the manifest is kept.`,
    });
  }
  await printLine(io, `${full} is released: its egress is what its routes say`);
}

export const addContain: AddCommand = ({ program, io }) => {
  program
    .command('contain <agent>')
    .description('Close an agent’s egress now, whatever its routes open')
    .addHelpText(
      'before',
      examples(
        'clrk contain hello --reason "sends what it should not"',
        'clrk contain hello --release',
        'clrk contain da/watcher',
      ),
    )
    .option('--reason <text>', 'kept with the mark, for whoever finds it')
    .option('--release', 'take the mark away again')
    .action(async (name: string, options: ContainOptions, command) => {
      await runContain(io, name, { ...clusterFlags(command), ...options });
    });
};
