/**
 * `clrk approvals list|show|allow|deny`: calls of agents that wait for a person. Who decided is asked of the API server, which
 * refuses another name. What an agent wrote never acts on the terminal.
 */
import { approvalBounds, ClrkError, parseApprovalTtl, terminalLine } from '../../contract/index.ts';
import { renderApproval, renderWhat, type Approval } from '../cluster/approval-object.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ownGroup, ownVersion } from '../cluster/discovery.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { usageError } from '../exit-code.ts';
import { notice, printForeign, printLine, type Io } from '../io.ts';
import { renderTable } from '../render/table.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

interface ListOptions extends ClusterFlags {
  readonly allNamespaces?: boolean;
  readonly all?: boolean;
  readonly output?: string;
}

interface DecideOptions extends ClusterFlags {
  readonly for?: string;
  readonly ttl?: string;
  readonly reason?: string;
}

const scopes = { once: 'Once', invocation: 'Invocation', agent: 'Agent' } as const;

function pathOf(namespace: string | undefined, name?: string): string {
  const where = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const which = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `/apis/${ownGroup}/${ownVersion}${where}/approvals${which}`;
}

function parseOutput(output: string | undefined): boolean {
  if (output !== undefined && output !== 'json') throw usageError('-o takes json');
  return output === 'json';
}

async function read(cluster: Cluster, name: string): Promise<Approval> {
  return (await cluster.json({ path: pathOf(cluster.namespace, name) })) as Approval;
}

/** It waits, or its answer still holds. */
function isOpen({ status, spec }: Approval): boolean {
  const phase = status?.phase ?? 'Pending';
  return phase === 'Pending' || (phase !== 'Expired' && (spec.decision?.for ?? 'Once') !== 'Once');
}

/** For a table; `clrk approvals show` tells all of it. */
function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

export async function runList(io: Io, options: ListOptions): Promise<void> {
  const isJson = parseOutput(options.output);
  const cluster = await openCluster(io, options);
  const namespace = options.allNamespaces === true ? undefined : cluster.namespace;
  const { items } = (await cluster.json({ path: pathOf(namespace) })) as { items: readonly Approval[] };
  const shown = items.filter((each) => options.all === true || isOpen(each));
  if (isJson) return await printForeign(io, JSON.stringify(shown, undefined, 2), 'json');
  if (shown.length === 0) return notice(io, 'nothing waits for a person');
  const rows = shown.map((approval) => {
    const { metadata, spec, status } = approval;
    const { agent, call } = spec.request;
    const own = [metadata.name, status?.phase ?? 'Pending', agent.name, shortened(renderWhat(approval))];
    const answer = [call.host, spec.decision?.decidedBy ?? '', status?.validUntil ?? ''];
    return [...(namespace === undefined ? [metadata.namespace] : []), ...own, ...answer];
  });
  const headers = ['NAME', 'PHASE', 'AGENT', 'WANTS', 'AT', 'BY', 'UNTIL'];
  const all = namespace === undefined ? ['NAMESPACE', ...headers] : headers;
  await printLine(io, renderTable({ headers: all, rows }));
}

export async function runShow(
  io: Io,
  name: string,
  options: ClusterFlags & { readonly output?: string },
): Promise<void> {
  const isJson = parseOutput(options.output);
  const approval = await read(await openCluster(io, options), name);
  if (isJson) return await printForeign(io, JSON.stringify(approval, undefined, 2), 'json');
  // One line a fact, whatever an agent wrote into it.
  await printLine(io, renderApproval(approval).map(terminalLine).join('\n'));
}

async function whoAmI(cluster: Cluster): Promise<string> {
  const { status } = (await cluster.json({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
  })) as { status?: { userInfo?: { username?: string } } };
  const name = status?.userInfo?.username;
  if (name === undefined || name === '') {
    throw new ClrkError('USER_UNKNOWN', 'the API server does not say who you are');
  }
  return name;
}

type Scope = (typeof scopes)[keyof typeof scopes];

function parseScope(asked: string): Scope {
  const scope = Object.hasOwn(scopes, asked) ? scopes[asked as keyof typeof scopes] : undefined;
  if (scope === undefined) throw usageError('--for takes once, invocation or agent');
  return scope;
}

function parseTtl(ttl: string | undefined, scope: Scope): { readonly ttl?: string } {
  if (ttl === undefined) return {};
  if (scope === 'Once') throw usageError('--ttl goes with --for invocation or agent');
  if (parseApprovalTtl(ttl) === undefined) {
    throw usageError('--ttl takes a duration such as 90s, 30m or 12h, at most 7d');
  }
  return { ttl };
}

interface Decided {
  readonly answer: 'Allow' | 'Deny';
  readonly for: Scope;
}

function parseDecision(
  answer: Decided['answer'],
  { for: asked = 'once', ...options }: DecideOptions,
): Decided {
  const { ttl, reason = '' } = options;
  const scope = parseScope(asked);
  if (reason.length > approvalBounds.reason)
    throw usageError(`--reason takes at most ${approvalBounds.reason} characters`);
  return { answer, for: scope, ...parseTtl(ttl, scope), ...(reason === '' ? {} : { reason }) };
}

export async function runDecide(
  io: Io,
  answer: 'Allow' | 'Deny',
  { name, options }: { readonly name: string; readonly options: DecideOptions },
): Promise<void> {
  const decided = parseDecision(answer, options);
  const cluster = await openCluster(io, options);
  const before = await read(cluster, name);
  const scope = decided.for;
  if (before.status?.phase === 'Expired' && scope === 'Once') {
    throw new ClrkError('APPROVAL_EXPIRED', `the call of ${cluster.namespace}/${name} waits no more`, {
      hint: 'An answer for its next calls: --for agent or --for invocation.',
    });
  }
  const decision = { ...decided, decidedBy: await whoAmI(cluster) };
  const after = (await cluster.json({
    method: 'PATCH',
    path: pathOf(cluster.namespace, name),
    headers: { 'content-type': 'application/merge-patch+json' },
    // Of the very object that was looked at: somebody else may have decided since.
    body: JSON.stringify({
      metadata: { resourceVersion: before.metadata.resourceVersion },
      spec: { decision },
    }),
  })) as Approval;
  const word = answer === 'Allow' ? 'allowed' : 'denied';
  const what = `${renderWhat(after)} of ${after.spec.request.agent.name}`;
  await printLine(io, terminalLine(`${name} is ${word}: ${what}`));
  if (scope !== 'Once') {
    notice(
      io,
      `It holds for calls of this ${scope.toLowerCase()} to the same place by the same rule, whatever their query, body or arguments. Take it back with: kubectl delete approval ${name} -n ${cluster.namespace}`,
    );
  }
}

export const addApprovals: AddCommand = ({ program, io }) => {
  const approvals = program
    .command('approvals')
    .description('Calls of agents that wait for a person: list, show, allow, deny')
    .addHelpText(
      'before',
      examples(
        'clrk approvals list',
        'clrk approvals show ask-0123456789abcdef',
        'clrk approvals allow ask-0123456789abcdef --for agent --ttl 1h --reason "release day"',
        'clrk approvals deny ask-0123456789abcdef',
      ),
    );
  approvals
    .command('list')
    .description('What waits, and answers that still hold')
    .option('-A, --all-namespaces', 'of every namespace')
    .option('--all', 'also what is over')
    .option('-o, --output <format>', 'json')
    .action(async (options: ListOptions, command) => {
      await runList(io, { ...clusterFlags(command), ...options });
    });
  approvals
    .command('show <name>')
    .description('What one call wants to do, as far as it is shown')
    .option('-o, --output <format>', 'json')
    .action(async (name: string, options: { output?: string }, command) => {
      await runShow(io, name, { ...clusterFlags(command), ...options });
    });
  for (const [word, answer] of [
    ['allow', 'Allow'],
    ['deny', 'Deny'],
  ] as const) {
    approvals
      .command(`${word} <name>`)
      .description(answer === 'Allow' ? 'Let the call go' : 'Refuse the call')
      .option('--for <scope>', 'once: this call; invocation or agent: calls like it too', 'once')
      .option('--ttl <duration>', 'how long an answer for more than this call holds (1h)')
      .option('--reason <text>', 'for the record')
      .action(async (name: string, options: DecideOptions, command) => {
        await runDecide(io, answer, { name, options: { ...clusterFlags(command), ...options } });
      });
  }
};
