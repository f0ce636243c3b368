/**
 * `clrk run-task NAME`: one call of a TaskAgent through the ingress. Its answer streams to stdout as it comes; the
 * exit code is the invocation's verdict, which the platform's record decides when the answer alone cannot.
 */
import { ClrkError, header, maxRequestBodyBytes } from '../../contract/index.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { parseAgentTarget } from '../cluster/agent-target.ts';
import { requireAgent } from '../cluster/known-agent.ts';
import { platformNamespace } from '../cluster/platform-namespace.ts';
import { TelemetryClient } from '../cluster/telemetry-client.ts';
import { agentPath, invokePath } from '../cluster/agent-path.ts';
import type { ApiResponse, Cluster } from '../cluster/cluster.ts';
import { readAnswer } from '../cluster/agent-answer.ts';
import { usageError } from '../exit-code.ts';
import { notice, pause, printLine, type Io } from '../io.ts';
import { bounded, contentTypeHeader, readBody } from '../request-body.ts';
import { cutOff, judgeAnswer, judgeInvocation, type Answer, type Verdict } from '../run-verdict.ts';
import { parseTimeout } from '../time-flag.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

interface RunTaskOptions extends ClusterFlags {
  readonly input?: string;
  readonly header?: readonly string[];
  readonly contentType?: string;
  readonly timeout: string;
  readonly async?: boolean;
  readonly invoke?: boolean;
}

interface Call {
  readonly agent: string;
  readonly namespace: string;
  readonly id: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** By the cluster's own API, which says who calls. */
  readonly isInvoked: boolean;
}

/** How long to wait for the record of a call that has been answered: publish, batch (1 s) and insert. */
const recordWaitMs = 10_000;

const inputBound = {
  maxBytes: maxRequestBodyBytes,
  tooLarge: 'the input is larger than 32 MiB, the most an invocation may carry',
};

async function readInput(io: Io, input: string | undefined): Promise<Buffer> {
  if (input === undefined) return Buffer.alloc(0);
  if (input === '-' || input.startsWith('@')) {
    return await readBody(io, input === '-' ? input : input.slice(1), inputBound);
  }
  return bounded(Buffer.from(input, 'utf8'), inputBound);
}

/** `-H 'k: v'` (curl's way) and `-H k=v` (kubectl's way). */
export function parseHeader(text: string): readonly [string, string] {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*[:=]\s*([\u0020-\u007e]*)$/.exec(text);
  if (match === null)
    throw usageError(`"${text}" is not a header`, 'Write it as NAME=VALUE or "NAME: VALUE".');
  return [(match[1] ?? '').toLowerCase(), match[2] ?? ''];
}

async function buildCall(io: Io, target: string, options: RunTaskOptions, namespace: string): Promise<Call> {
  const { kind, name, invocation } = parseAgentTarget(target);
  if (kind !== 'TaskAgent') {
    throw usageError('nobody calls a DaemonAgent: it runs by itself', 'See it with `clrk logs da/NAME -f`.');
  }
  if (invocation !== undefined)
    throw usageError('run-task starts a new invocation; give the agent name alone');
  const body = await readInput(io, options.input);
  const id = io.randomUuid();
  return {
    agent: name,
    namespace,
    id,
    body,
    timeoutMs: parseTimeout(options.timeout),
    isInvoked: options.invoke === true,
    headers: {
      ...contentTypeHeader(options.contentType, body),
      ...Object.fromEntries((options.header ?? []).map(parseHeader)),
      accept: '*/*',
      [header.invocationId]: id,
      [header.trigger]: 'cli',
      ...(options.async === true ? { prefer: 'respond-async' } : {}),
    },
  };
}

async function exchange(io: Io, cluster: Cluster, call: Call): Promise<Answer | 'taken'> {
  const timeout = AbortSignal.timeout(call.timeoutMs);
  const expired = (): ClrkError =>
    new ClrkError('TIMEOUT', `no answer from ${call.agent} in ${call.timeoutMs / 1_000} s`, {
      hint: `It may still be running: clrk get invocations ${call.id} -n ${call.namespace}; wait longer with --timeout.`,
    });
  try {
    const response = await cluster.send({
      method: 'POST',
      path: call.isInvoked ? invokePath(call) : agentPath(await platformNamespace(cluster), call),
      headers: call.headers,
      body: call.body,
      signal: AbortSignal.any([io.interruption(), timeout]),
      timeoutMs: 0,
    });
    if (isTaken(call, response)) return 'taken';
    const answer = await readAnswer(io, response);
    if (!answer.complete && timeout.aborted) throw expired();
    return answer;
  } catch (error) {
    throw timeout.aborted ? expired() : error;
  }
}

/** It runs, and its answer will be kept. An ingress that does not know of this answers as ever. */
function isTaken({ headers }: Call, response: ApiResponse): boolean {
  if (headers['prefer'] === undefined || response.status !== 202) return false;
  if (response.headers['preference-applied'] !== 'respond-async') return false;
  response.body.resume();
  return true;
}

/** The terminal record, or undefined when it does not come in time or telemetry is away. */
async function awaitRecord(io: Io, cluster: Cluster, call: Call): Promise<Verdict> {
  const client = new TelemetryClient(cluster, io);
  const signal = AbortSignal.any([io.interruption(), AbortSignal.timeout(recordWaitMs)]);
  while (!signal.aborted) {
    try {
      const found = await client.invocation(call.namespace, call.id, signal);
      const verdict = judgeInvocation(found.find(({ spec }) => spec.parentRef.name === call.agent));
      if (verdict.status !== 'unknown') return verdict;
    } catch {
      // Telemetry is away or we may not read it: keep to what the answer says.
      return { status: 'unknown' };
    }
    await pause(250, signal);
  }
  return { status: 'unknown' };
}

export async function runTask(io: Io, target: string, options: RunTaskOptions): Promise<void> {
  const cluster = await openCluster(io, options);
  const call = await buildCall(io, target, options, cluster.namespace);
  notice(io, `invocation ${call.id}`);
  const answer = await exchange(io, cluster, call);
  if (answer === 'taken') {
    await printLine(io, `${call.agent}/${call.id}`);
    notice(io, `Its answer: clrk result ${call.agent}/${call.id} --wait -n ${call.namespace}`);
    return;
  }
  const fromAnswer = judgeAnswer(answer, { name: call.agent, namespace: call.namespace });
  // A whole answer without an exit code other than 0 is a success whatever the record's delay.
  const verdict = fromAnswer.status === 'unknown' ? await awaitRecord(io, cluster, call) : fromAnswer;
  if (verdict.status === 'failed') {
    if (answer.status === 404) await requireAgent(cluster, call.agent);
    throw verdict.error;
  }
  if (verdict.status === 'unknown' && !answer.complete) throw cutOff(call.id, call.namespace);
}

export const addRunTask: AddCommand = ({ program, io }) => {
  program
    .command('run-task <name>')
    .description('Call a TaskAgent and stream its answer')
    .addHelpText(
      'before',
      examples(
        `clrk run-task hello -i '{"prompt":"hi"}'`,
        'clrk run-task hello -i @request.json --timeout 2m',
        `clrk run-task hello -i '{"prompt":"hi"}' --async`,
        `clrk run-task hello -i '{"prompt":"hi"}' --invoke`,
        'cat page.html | clrk run-task summarize -i - --content-type text/html',
      ),
    )
    .option('-i, --input <literal|@file|->', 'the request body: text, a file, or stdin')
    .option('-H, --header <name=value>', 'a request header; may be repeated', collect)
    .option('--content-type <type>', 'of the input; default: guessed, JSON or text')
    .option(
      '--async',
      'print NAME/INVOCATION once it runs, and do not wait: `clrk result` fetches the answer',
    )
    .option(
      '--invoke',
      'by the API of the cluster, so that the record says who you are; the API server cuts answers after a minute',
    )
    .option('--timeout <duration>', 'how long to wait', '5m')
    .action(async (name: string, options: RunTaskOptions, command) => {
      await runTask(io, name, { ...clusterFlags(command), ...options });
    });
};

function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
