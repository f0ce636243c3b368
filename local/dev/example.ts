/**
 * `--example`: installs an example agent, waits until it is ready, calls it once, and shows what a person came to see:
 * the answer, the Invocation and the trace.
 */
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { chooseStyle, renderInvocationRows, renderTraceTree, type SpanRecord } from '../../cli/index.ts';
import { ClrkError, systemNamespace, type Invocation } from '../../contract/index.ts';
import type { ExampleName } from '../../examples/images/index.ts';
import { applyManifests } from '../kube/apply.ts';
import { readManifests } from '../kube/manifest.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Platform } from '../platform.ts';
import { awaitCondition } from './await-ready.ts';
import { callExample, exampleQuestion, type ExampleAnswer } from './example-call.ts';
import { exampleNamespace } from './example-provider.ts';
import { findInvocation, findTrace } from './telemetry-query.ts';
import type { Environment } from './dev-options.ts';

const group = 'clrk.apoxy.dev/v1alpha1';
/** Kinds with a Ready condition of their own, and the plural of each. */
const awaited: Readonly<Record<string, string>> = {
  WorkerPool: 'workerpools',
  EgressGateway: 'egressgateways',
  TaskAgent: 'taskagents',
};
// Pools and gateways start processes, the worker unpacks an image: seconds here, a minute when everything builds.
const readyTimeoutMs = 120_000;

/** The example's objects of a folder: everything but the other examples' agents. Pure. */
export function exampleObjects(objects: readonly KubeObject[], example: ExampleName): KubeObject[] {
  return objects.filter(
    ({ kind, metadata }) => kind !== 'Kustomization' && (kind !== 'TaskAgent' || metadata.name === example),
  );
}

export interface ExampleInput {
  readonly platform: Platform;
  readonly root: string;
  readonly example: ExampleName;
  readonly realProvider: boolean;
  readonly signal: AbortSignal;
}

export async function installExample({
  platform,
  root,
  example,
  realProvider,
}: ExampleInput): Promise<readonly KubeObject[]> {
  const folder = join(root, 'dist', realProvider ? 'examples-openai' : 'examples');
  const objects = exampleObjects(readManifests(folder), example);
  await applyManifests(platform.client, objects);
  return objects;
}

export async function awaitExample(
  input: ExampleInput,
  objects: readonly KubeObject[],
  note: (text: string) => void,
): Promise<void> {
  const own = objects.filter(
    ({ apiVersion, kind = '' }) => apiVersion === group && awaited[kind] !== undefined,
  );
  await Promise.all(
    own.map(async ({ kind = '', metadata }) => {
      const plural = awaited[kind] ?? '';
      await awaitCondition(input.platform.client, {
        path: `/apis/${group}/namespaces/${metadata.namespace ?? exampleNamespace}/${plural}/${metadata.name}`,
        condition: 'Ready',
        what: `${kind} ${metadata.name}`,
        timeoutMs: readyTimeoutMs,
        signal: input.signal,
        hint: `See \`clrk get ${plural} ${metadata.name} -o yaml\` and \`clrk dev logs clrk-operator\`.`,
      });
      note(`${kind} ${metadata.name} is ready`);
    }),
  );
}

export interface ShownCall {
  readonly text: string;
  /** What went wrong; undefined when answer, Invocation and trace are all there. */
  readonly failure?: ClrkError;
}

/** What telemetry said, or why nobody could say. */
type Known<T> = { readonly value: T } | { readonly unknown: ClrkError };

async function knownOf<T>(asked: Promise<T>): Promise<Known<T>> {
  return await asked.then(
    (value) => ({ value }),
    (thrown: unknown) => {
      if (thrown instanceof ClrkError) return { unknown: thrown };
      throw thrown;
    },
  );
}

function notShown(known: Known<unknown>, nothing: string): string {
  return 'unknown' in known ? `not known: ${known.unknown.message}` : nothing;
}

export async function showCall(
  input: ExampleInput,
  answer: ExampleAnswer,
  environment: Environment,
  stdout: Writable & { isTTY?: boolean; columns?: number },
): Promise<ShownCall> {
  const { client, credentials } = input.platform;
  const token = credentials.platform['telemetry-reader'] ?? '';
  // Both are waited for, also when one fails first: the answer is shown whatever telemetry says.
  const [invocation, spans] = await Promise.all([
    knownOf(findInvocation(client, token, answer.key, input)),
    knownOf(findTrace(client, token, answer.key, input)),
  ]);
  const style = chooseStyle(environment, stdout.isTTY === true);
  const rows =
    'unknown' in invocation || invocation.value === undefined
      ? notShown(invocation, 'not recorded')
      : renderInvocationRows([invocation.value], { now: new Date() });
  const tree =
    'unknown' in spans || spans.value.length === 0
      ? notShown(spans, 'no spans')
      : renderTraceTree(spans.value, { style, width: stdout.columns ?? 120 });
  const text = [
    `${style.bold('Request')}     ${exampleQuestion}`,
    `${style.bold('Answer')}      ${answer.text}`,
    '',
    style.bold('Invocation'),
    rows.trimEnd(),
    '',
    style.bold('Trace'),
    tree.trimEnd(),
    '',
  ].join('\n');
  const failure = failureOf(answer, invocation, spans);
  return failure === undefined ? { text } : { text, failure };
}

function failureOf(
  { status, text, key }: ExampleAnswer,
  invocation: Known<Invocation | undefined>,
  spans: Known<readonly SpanRecord[]>,
): ClrkError | undefined {
  if (status !== 200) {
    return new ClrkError('EXAMPLE_FAILED', `the agent answered HTTP ${status}: ${text.slice(0, 300)}`, {
      hint: `Its log: \`clrk logs ${key.agent}/${key.invocation}\`.`,
    });
  }
  if ('unknown' in invocation) return invocation.unknown;
  if ('unknown' in spans) return spans.unknown;
  const recorded = invocation.value !== undefined;
  if (recorded && spans.value.length > 0) return undefined;
  const what = recorded ? 'trace' : 'Invocation';
  return new ClrkError(
    'EXAMPLE_UNRECORDED',
    `the call was answered, but its ${what} did not arrive in time`,
    {
      hint: 'Its log: `clrk dev logs clrk-telemetry`.',
    },
  );
}

/** The first call; the port is the exposed ingress's. */
export async function callOnce(
  exposed: Readonly<Record<string, number>>,
  example: ExampleName,
  signal: AbortSignal,
): Promise<ExampleAnswer> {
  const port = exposed[`${systemNamespace}/clrk-ingress`];
  if (port === undefined) {
    throw new ClrkError('EXAMPLE_FAILED', 'the ingress is not exposed on this machine', {
      hint: 'The Service clrk-ingress needs the label clrk.apoxy.dev/expose: "true".',
    });
  }
  return callExample(port, exampleNamespace, example, signal);
}
