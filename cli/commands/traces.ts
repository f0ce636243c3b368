/**
 * `clrk traces NAME[/INVOCATION]`: each invocation as a tree from its trigger to every outbound call, on a terminal;
 * spans as NDJSON when piped or with --raw, for other programs.
 */
import { parseAgentTarget } from '../cluster/agent-target.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { requireAgent } from '../cluster/known-agent.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import {
  TelemetryClient,
  type AgentName,
  type Answer,
  type TelemetryFilter,
} from '../cluster/telemetry-client.ts';
import { usageError } from '../exit-code.ts';
import { notice, printForeign, printLine, type Io } from '../io.ts';
import type { SpanRecord } from '../render/span.ts';
import { chooseStyle } from '../render/style.ts';
import { renderTraceTree } from '../render/trace-tree.ts';
import { parseCount, parseSince } from '../time-flag.ts';
import { TraceAssembler } from '../trace-assembler.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

interface TracesOptions extends ClusterFlags {
  readonly raw?: boolean;
  readonly tree?: boolean;
  readonly follow?: boolean;
  readonly tail?: string;
  readonly since?: string;
  readonly until?: string;
  readonly component?: string;
}

/** The most one answer of the read API holds (telemetry/read/read-request.ts). */
const maxSpans = 1_000;

interface Source {
  readonly cluster: Cluster;
  readonly client: TelemetryClient;
  readonly agent: AgentName;
  readonly filter: TelemetryFilter;
}

function tree(io: Io, spans: readonly SpanRecord[]): string {
  return renderTraceTree(spans, {
    style: chooseStyle(io.environment, io.stdoutIsTerminal),
    width: io.columns,
  });
}

async function printRaw(io: Io, { client, agent, filter, cluster }: Source): Promise<void> {
  let any = false;
  for await (const { raw } of client.spans(agent, filter, io.interruption())) {
    any = true;
    await printForeign(io, raw, 'json');
  }
  if (!any) await requireAgent(cluster, agent.name, agent.kind);
}

async function printTrees(io: Io, { client, agent, filter, cluster }: Source): Promise<void> {
  const spans: SpanRecord[] = [];
  for await (const { span } of client.spans(agent, filter, io.interruption())) spans.push(span);
  if (spans.length === 0) await requireAgent(cluster, agent.name, agent.kind);
  if (spans.length === 0)
    return notice(io, `No traces found of ${agent.name} in ${agent.namespace} namespace.`);
  await printLine(io, tree(io, spans));
}

async function followTrees(io: Io, { client, agent, filter }: Source): Promise<void> {
  const assembler = new TraceAssembler();
  const flush = async (): Promise<void> => {
    for (const spans of assembler.take(io.now().getTime())) await printLine(io, `${tree(io, spans)}\n`);
  };
  const timer = setInterval(() => void flush(), 500);
  try {
    for await (const { span } of client.spans(agent, filter, io.interruption())) {
      assembler.add(span, io.now().getTime());
    }
  } finally {
    clearInterval(timer);
  }
}

function parseFilter(options: TracesOptions, now: Date): TelemetryFilter {
  const limit = options.tail === undefined ? maxSpans : parseCount(options.tail);
  if (limit < 1 || limit > maxSpans)
    throw usageError(`--tail takes 1 to ${maxSpans}`, 'Narrow it with --since, --until or NAME/INVOCATION.');
  const instant = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : parseSince(text, now);
  return {
    since: instant(options.since),
    until: instant(options.until),
    limit,
    component: options.component,
    follow: options.follow ?? false,
  };
}

export async function runTraces(io: Io, target: string, options: TracesOptions): Promise<void> {
  const { kind, name, invocation } = parseAgentTarget(target);
  const filter = parseFilter(options, io.now());
  const cluster = await openCluster(io, options);
  const onAnswer = ({ next }: Answer): void => {
    if (next === undefined) return;
    const older = 'there are older ones: narrow it with --since, --until or NAME/INVOCATION';
    notice(io, `the newest ${filter.limit} spans; ${older}`);
  };
  const { follow } = filter;
  const source = {
    cluster,
    client: new TelemetryClient(cluster, { ...io, onAnswer }),
    agent: { kind, namespace: cluster.namespace, name },
    filter: { ...filter, invocation },
  };
  const raw = options.raw === true || (!io.stdoutIsTerminal && options.tree !== true);
  try {
    if (raw) await printRaw(io, source);
    else if (follow === true) await followTrees(io, source);
    else await printTrees(io, source);
  } catch (error) {
    // Ctrl-C ends following; that is what it is for.
    if (!io.interruption().aborted) throw error;
  }
}

export const addTraces: AddCommand = ({ program, io }) => {
  program
    .command('traces <name>')
    .description('Show what an agent did, call by call; NAME or NAME/INVOCATION')
    .addHelpText(
      'before',
      examples(
        'clrk traces hello --since 10m',
        'clrk traces da/watcher -f',
        'clrk traces hello/3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11',
        `clrk traces hello --raw | jq '.attributes["gen_ai.usage.input_tokens"]'`,
      ),
    )
    .option('--raw', 'spans as NDJSON, also on a terminal')
    .option('--tree', 'trees, also when piped')
    .option('-f, --follow', 'keep showing traces as they end until Ctrl-C')
    .option('--tail <spans>', 'only the last so many spans')
    .option('--since <duration|time>', 'for example 10m, or 2026-11-23T10:00:00Z')
    .option('--until <duration|time>', 'only what was before')
    .option('--component <name>', 'only spans of this part of the platform')
    .action(async (name: string, options: TracesOptions, command) => {
      await runTraces(io, name, { ...clusterFlags(command), ...options });
    });
};
