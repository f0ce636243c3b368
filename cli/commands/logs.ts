/**
 * `clrk logs NAME[/INVOCATION]`: what agents wrote and what the platform said about them. Following survives cuts: it
 * asks again from the last line on and drops what it has shown. On a terminal no agent can send an escape sequence.
 */
import { ClrkError } from '../../contract/index.ts';
import { parseAgentTarget } from '../cluster/agent-target.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { TelemetryClient, type LogLine, type TelemetryFilter } from '../cluster/telemetry-client.ts';
import { usageError } from '../exit-code.ts';
import { notice, pause, printLine, type Io } from '../io.ts';
import { ResumeFilter } from '../resume-filter.ts';
import { plainText } from '../render/table.ts';
import { parseCount, parseSince } from '../time-flag.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

interface LogsOptions extends ClusterFlags {
  readonly follow?: boolean;
  readonly tail?: string;
  readonly since?: string;
  readonly timestamps?: boolean;
  readonly iostream?: string;
  readonly component?: string;
  readonly output?: string;
}

/** The most one answer of the read API holds (telemetry/read/read-request.ts). */
const maxLines = 1_000;

function lineLimit(tail: string | undefined): number {
  const lines = tail === undefined ? maxLines : parseCount(tail);
  if (lines < 1) throw usageError('--tail takes 1 or more', 'To see only what is new: --since 0s -f.');
  return Math.min(lines, maxLines);
}

/** Lines as the terminal may see them: tabs stay, other control characters do not. */
function safe(text: string, terminal: boolean): string {
  return terminal ? text.split('\t').map(plainText).join('\t') : text;
}

export function renderLogLine(line: LogLine, options: LogsOptions, terminal: boolean): string {
  if (options.output === 'json') return line.raw;
  const body = line.body.replace(/\n$/, '');
  const lines = safeLines(body, terminal);
  return options.timestamps === true
    ? lines.map((each) => `${line.timestamp} ${each}`).join('\n')
    : lines.join('\n');
}

function safeLines(body: string, terminal: boolean): readonly string[] {
  return body.split('\n').map((each) => safe(each, terminal));
}

export async function runLogs(io: Io, target: string, options: LogsOptions): Promise<void> {
  const { name, invocation } = parseAgentTarget(target);
  const { iostream, component, follow = false } = options;
  const asked: TelemetryFilter = {
    invocation,
    iostream,
    component,
    follow,
    since: options.since === undefined ? undefined : parseSince(options.since, io.now()),
    limit: lineLimit(options.tail),
  };
  const cluster = await openCluster(io, options);
  const client = new TelemetryClient(cluster);
  const signal = io.interruption();
  const seen = new ResumeFilter();
  const show = async (filter: TelemetryFilter): Promise<void> => {
    for await (const line of client.logs({ namespace: cluster.namespace, name }, filter, signal)) {
      if (!seen.admits(line.timestamp, line.raw)) continue;
      await printLine(io, renderLogLine(line, options, io.stdoutIsTerminal));
    }
  };
  if (!follow) return await show(asked);
  await followAgain(io, show, asked, seen);
}

/** Follows, and after a cut follows on from the last line seen, until the person has had enough. */
async function followAgain(
  io: Io,
  show: (filter: TelemetryFilter) => Promise<void>,
  asked: TelemetryFilter,
  seen: ResumeFilter,
): Promise<void> {
  const signal = io.interruption();
  let filter = asked;
  while (!signal.aborted && !io.stdout.destroyed) {
    try {
      await show(filter);
    } catch (error) {
      if (!signal.aborted && !canResume(error)) throw error;
    }
    if (signal.aborted) return;
    notice(io, 'the stream was cut; following on');
    seen.resume();
    filter = { ...asked, limit: maxLines, since: seen.last ?? asked.since };
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
        'clrk logs hello --since 10m --iostream stderr',
        'clrk logs hello --tail 20 -o json',
      ),
    )
    .option('-f, --follow', 'keep showing new lines until Ctrl-C')
    .option('--tail <lines>', 'only the last so many')
    .option('--since <duration|time>', 'for example 10m, or 2026-11-23T10:00:00Z')
    .option('--timestamps', 'put the time in front of each line')
    .option('--iostream <stream>', 'stdout or stderr')
    .option('--component <name>', 'agent-runner, worker, ingress, egress …')
    .option('-o, --output <format>', 'json: one object a line')
    .action(async (name: string, options: LogsOptions, command) => {
      await runLogs(io, name, { ...clusterFlags(command), ...options });
    });
};
