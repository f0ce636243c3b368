/**
 * `clrk result NAME/INVOCATION`: the answer of a call that nobody waited for (`clrk run-task --async`), with its verdict as the
 * exit code. It must never pass off a part of an answer as all of it.
 */
import { ClrkError, header, resultPathPrefix } from '../../contract/index.ts';
import { readAnswer } from '../cluster/agent-answer.ts';
import { agentPath } from '../cluster/agent-path.ts';
import { parseAgentTarget } from '../cluster/agent-target.ts';
import type { ApiResponse, Cluster } from '../cluster/cluster.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { platformNamespace } from '../cluster/platform-namespace.ts';
import { usageError } from '../exit-code.ts';
import { pause, type Io } from '../io.ts';
import { cutOff, judgeAnswer } from '../run-verdict.ts';
import { parseTimeout } from '../time-flag.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

interface ResultOptions extends ClusterFlags {
  readonly wait?: boolean;
  readonly kept?: boolean;
  readonly timeout: string;
}

interface Asked {
  readonly agent: string;
  readonly namespace: string;
  readonly id: string;
}

const betweenMs = 1_000;

function askedFor(target: string, namespace: string): Asked {
  const { kind, name: agent, invocation } = parseAgentTarget(target);
  if (kind !== 'TaskAgent' || invocation === undefined) {
    throw usageError(
      `"${target}" is not NAME/INVOCATION of a TaskAgent`,
      'As `clrk run-task --async` prints it.',
    );
  }
  return { agent, namespace, id: invocation };
}

async function fetchOnce(
  io: Io,
  cluster: Cluster,
  { asked, kept }: { readonly asked: Asked; readonly kept: boolean },
): Promise<ApiResponse> {
  const path = agentPath(await platformNamespace(cluster), asked, `${resultPathPrefix}${asked.id}`);
  const query = kept ? { kept: '' } : {};
  return await cluster.send({ path, query, headers: { accept: '*/*' }, signal: io.interruption() });
}

function isRunning(response: ApiResponse): boolean {
  // An agent may answer 202 itself; the platform's own comes with where to ask again.
  return response.status === 202 && response.headers.location !== undefined;
}

async function fetchResult(
  io: Io,
  cluster: Cluster,
  { asked, options }: { readonly asked: Asked; readonly options: ResultOptions },
): Promise<ApiResponse> {
  const waitMs = options.wait === true ? parseTimeout(options.timeout) : 0;
  const until = AbortSignal.any([io.interruption(), AbortSignal.timeout(waitMs)]);
  for (;;) {
    const response = await fetchOnce(io, cluster, { asked, kept: options.kept === true });
    if (!isRunning(response)) return response;
    response.body.resume();
    if (waitMs > 0) await pause(betweenMs, until);
    io.interruption().throwIfAborted();
    if (until.aborted || waitMs === 0) {
      throw new ClrkError('TIMEOUT', `${asked.agent}/${asked.id} still runs`, {
        hint: 'Wait for it with --wait, and longer with --timeout.',
        retryable: true,
      });
    }
  }
}

const keptHint = 'Fetch what there is of it with --kept.';

export async function showResult(io: Io, target: string, options: ResultOptions): Promise<void> {
  const cluster = await openCluster(io, options);
  const asked = askedFor(target, cluster.namespace);
  const response = await fetchResult(io, cluster, { asked, options });
  const end = response.headers[header.resultEnd];
  const answer = await readAnswer(io, response);
  if (answer.errorCode === 'RESULT_CUT' || answer.errorCode === 'RESULT_BROKEN') {
    const why =
      answer.errorCode === 'RESULT_CUT' ? 'was longer than what is kept' : 'broke off before its end';
    throw new ClrkError(answer.errorCode, `the answer of ${asked.agent}/${asked.id} ${why}`, {
      hint: keptHint,
    });
  }
  const verdict = judgeAnswer(answer, { name: asked.agent, namespace: asked.namespace });
  if (verdict.status === 'failed') throw verdict.error;
  if (!answer.complete) throw cutOff(asked.id, asked.namespace);
  if (end !== undefined) throw new ClrkError('RESULT_CUT', `this is not all of the answer: ${String(end)}`);
}

export const addResult: AddCommand = ({ program, io }) => {
  program
    .command('result <name/invocation>')
    .description('Fetch the answer of a call nobody waited for (run-task --async)')
    .addHelpText(
      'before',
      examples(
        'clrk result hello/3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11',
        'clrk result hello/3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11 --wait --timeout 2m',
      ),
    )
    .option('--wait', 'until the run has ended')
    .option('--kept', 'what there is of an answer that is not whole; its exit code is then not 0')
    .option('--timeout <duration>', 'how long to wait', '5m')
    .action(async (target: string, options: ResultOptions, command) => {
      await showResult(io, target, { ...clusterFlags(command), ...options });
    });
};
