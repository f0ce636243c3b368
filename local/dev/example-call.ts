/** One request to an example agent through the exposed ingress, as any caller on the machine would send it. */
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { ClrkError, errorMessage } from '../../contract/index.ts';
import { readBounded } from '../kube/api-client.ts';
import type { CallKey } from './telemetry-query.ts';

export const exampleQuestion = 'In one sentence: what does a clerk do?';
// The agents' own timeout is 100 s; the ingress answers 504 then.
const timeoutMs = 120_000;
const maxAnswerBytes = 1024 * 1024;

export interface ExampleAnswer {
  readonly key: CallKey;
  readonly status: number;
  readonly text: string;
}

/** Throws EXAMPLE_FAILED when the ingress cannot be reached; any HTTP answer is an answer. */
export async function callExample(
  port: number,
  namespace: string,
  agent: string,
  signal: AbortSignal,
): Promise<ExampleAnswer> {
  const invocation = randomUUID();
  try {
    const { status, text } = await post(port, `/agents/${namespace}/${agent}/`, invocation, signal);
    return { key: { namespace, agent, invocation }, status, text };
  } catch (cause) {
    throw new ClrkError(
      'EXAMPLE_FAILED',
      `the ingress on 127.0.0.1:${port} did not answer: ${errorMessage(cause)}`,
      {
        hint: 'Its log: `clrk dev logs clrk-ingress`.',
        cause,
      },
    );
  }
}

function post(
  port: number,
  path: string,
  invocation: string,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'text/plain',
      'x-clrk-invocation-id': invocation,
      'x-clrk-trigger': 'cli',
    };
    const sent = request(
      { host: '127.0.0.1', port, path, method: 'POST', headers, timeout: timeoutMs, signal },
      (response) => {
        readBounded(response, maxAnswerBytes).then(
          (body) => resolve({ status: response.statusCode ?? 0, text: body.toString('utf8').trim() }),
          reject,
        );
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', reject);
    sent.end(exampleQuestion);
  });
}
