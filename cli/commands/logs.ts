/**
 * `clrk logs NAME[/INVOCATION]`: what agents wrote and what the platform said about them. Following survives cuts: it
 * asks again behind the last line and drops what it has shown; what is left out is said. On a terminal no agent can send an escape sequence.
 */
import { ClrkError } from '../../contract/index.ts';
import { parseAgentTarget } from '../cluster/agent-target.ts';
import { requireAgent } from '../cluster/known-agent.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import {
  TelemetryClient,
  type AgentName,
  type Answer,
  type LogLine,
  type TelemetryFilter,
} from '../cluster/telemetry-client.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { usageError } from '../exit-code.ts';
import { notice, pause, printForeign, type Io } from '../io.ts';
import { ResumeFilter } from '../resume-filter.ts';
import { logFacts } from '../render/span-label.ts';
import { parseCount, parseSince } from '../time-flag.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

interface LogsOptions extends ClusterFlags {
  readonly follow?: boolean;
  readonly tail?: string;
  readonly since?: string;
  readonly until?: string;
  readonly timestamps?: boolean;
  readonly iostream?: string;
  readonly component?: string;
  readonly output?: string;
}

/** The most one answer of the read API holds (telemetry/read/read-request.ts). */
const maxPage = 1_000;
/** Pages are put in order before they are printed. */
const maxTail = 50_000;

function parseTail(tail: string | undefined): number {
  const lines = tail === undefined ? maxPage : parseCount(tail);
  if (lines < 1) throw usageError('--tail takes 1 or more', 'To see only what is new: --since 0s -f.');
  if (lines > maxTail)
    throw usageError(`--tail takes at most ${maxTail}`, 'Narrow it with --since and --until.');
  return lines;
}

function renderLogLine(line: LogLine, options: LogsOptions): string {
  if (options.output === 'json') return line.raw;
  const lines = [line.body.replace(/\n$/, ''), ...logFacts(line)].join('  ').split('\n');
  return options.timestamps === true
    ? lines.map((each) => `${line.timestamp} ${each}`).join('\n')
    : lines.join('\n');
}

interface Reading {
  readonly agent: AgentName;
  readonly asked: TelemetryFilter;
  readonly tail: number;
  readonly print: (line: LogLine) => Promise<void>;
}

export async function runLogs(io: Io, target: string, options: LogsOptions): Promise<void> {
  const { kind, name, invocation } = parseAgentTarget(target);
  const { iostream, component, follow = false } = options;
  const tail = parseTail(options.tail);
  const asked: TelemetryFilter = {
    invocation,
    iostream,
    component,
    since: options.since === undefined ? undefined : parseSince(options.since, io.now()),
    until: options.until === undefined ? undefined : parseSince(options.until, io.now()),
    limit: Math.min(tail, maxPage),
  };
  const cluster = await openCluster(io, options);
  const agent = { kind, namespace: cluster.namespace, name };
  const format = options.output === 'json' ? 'json' : 'text';
  let any = false;
  const print = async (line: LogLine): Promise<void> => {
    any = true;
    await printForeign(io, renderLogLine(line, options), format);
  };
  const reading = { agent, asked, tail, print };
  if (follow) {
    await requireAgent(cluster, name, kind);
    return await followAgain(io, cluster, reading);
  }
  await showTail(io, cluster, reading);
  if (!any) await requireAgent(cluster, name, kind);
}

function tellCut(io: Io, shown: number): void {
  notice(io, `the newest ${shown} lines; there are older ones: --tail N, --since or --until shows them`);
}

/** The last lines, page by page from the newest back, printed in their order. */
async function showTail(io: Io, cluster: Cluster, { agent, asked, tail, print }: Reading): Promise<void> {
  let next: string | undefined;
  const client = new TelemetryClient(cluster, { ...io, onAnswer: (answer) => (next = answer.next) });
  const pages: LogLine[][] = [];
  let count = 0;
  do {
    const limit = Math.min(maxPage, tail - count);
    const page: LogLine[] = [];
    for await (const line of client.logs(agent, { ...asked, limit, continue: next }, io.interruption()))
      page.push(line);
    pages.unshift(page);
    count += page.length;
  } while (next !== undefined && count < tail);
  for (const line of pages.flat()) await print(line);
  if (next !== undefined) tellCut(io, count);
}

async function showNew(
  lines: AsyncIterable<LogLine>,
  seen: ResumeFilter,
  print: (line: LogLine) => Promise<void>,
): Promise<void> {
  for await (const line of lines) if (seen.admits(line.cursor)) await print(line);
}

/** Follows, and after a cut follows on behind the last line seen, until the person has had enough. */
async function followAgain(io: Io, cluster: Cluster, { agent, asked, print }: Reading): Promise<void> {
  const signal = io.interruption();
  const seen = new ResumeFilter();
  const onAnswer = ({ next }: Answer): void => {
    if (next !== undefined) tellCut(io, asked.limit ?? maxPage);
  };
  const client = new TelemetryClient(cluster, { ...io, onAnswer });
  while (!signal.aborted && !io.stdout.destroyed) {
    const after = seen.last;
    try {
      const filter = { ...asked, follow: true, ...(after === undefined ? {} : { after, limit: maxPage }) };
      await showNew(client.logs(agent, filter, signal), seen, print);
    } catch (error) {
      if (!signal.aborted && !canResume(error)) throw error;
    }
    if (signal.aborted) return;
    notice(io, 'the stream was cut; following on');
    await pause(1_000, signal);
  }
}

/** A broken connection can be followed on; a refusal is an answer. */
function canResume(error: unknown): boolean {
  return !(error instanceof ClrkError) || error.retryable;
}

export const addLogs: AddCommand = ({ program, io }) => {
  program
    .command('logs <name>')
    .description('Show what an agent and the platform logged; NAME or NAME/INVOCATION')
    .addHelpText(
      'before',
      examples(
        'clrk logs hello -f',
        'clrk logs da/watcher -f',
        'clrk logs hello --since 10m --iostream stderr',
        'clrk logs hello --tail 20 -o json',
      ),
    )
    .option('-f, --follow', 'keep showing new lines until Ctrl-C')
    .option('--tail <lines>', 'only the last so many')
    .option('--since <duration|time>', 'for example 10m, or 2026-11-23T10:00:00Z')
    .option('--until <duration|time>', 'only what was before')
    .option('--timestamps', 'put the time in front of each line')
    .option('--iostream <stream>', 'stdout or stderr')
    .option('--component <name>', 'agent-runner, worker, ingress, egress …')
    .option('-o, --output <format>', 'json: one object a line')
    .action(async (name: string, options: LogsOptions, command) => {
      await runLogs(io, name, { ...clusterFlags(command), ...options });
    });
};
