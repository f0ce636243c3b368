/**
 * Asks telemetry's read API through the API server's service proxy: the Invocation and the trace of one call. Both
 * arrive a moment after the answer (batches of a second), so both are polled until complete.
 */
import { parseSpan, type SpanRecord } from '../../cli/index.ts';
import {
  ClrkError,
  errorMessage,
  header,
  isTerminal,
  mintReaderToken,
  ports,
  readerTokenHeader,
  spanName,
  systemNamespace,
  type Invocation,
} from '../../contract/index.ts';
import { readBounded, type ApiClient } from '../kube/api-client.ts';

export interface CallKey {
  readonly namespace: string;
  readonly agent: string;
  readonly invocation: string;
}

type Client = Pick<ApiClient, 'open'>;

export interface Patience {
  readonly signal: AbortSignal;
  readonly forMs?: number;
}

function unavailable(message: string): ClrkError {
  return new ClrkError('TELEMETRY_UNAVAILABLE', message, {
    retryable: true,
    hint: 'Its log: `clrk dev logs clrk-telemetry`.',
  });
}

/** A token for one question. */
const tokenMs = 60_000;
const pollMs = 250;
const timeoutMs = 30_000;
// A span exporter's batch delay (5 s by default) and telemetry's flush (1 s): a trace unchanged for this long is complete.
const settledMs = 1_500;

/**
 * One read of telemetry; empty: there is nothing. Throws TELEMETRY_UNAVAILABLE when nobody can say. `secret`: what reader tokens are
 * made with.
 */
export async function queryTelemetry(client: Client, secret: string, path: string): Promise<unknown[]> {
  const token = mintReaderToken(secret, { namespaces: 'all', expiresMs: Date.now() + tokenMs });
  const service = `/api/v1/namespaces/${systemNamespace}/services/https:clrk-telemetry:${ports.telemetryApi}/proxy${path}`;
  const headers = { [readerTokenHeader]: `Bearer ${token}` };
  const response = await client.open('GET', service, { headers }).catch((thrown: unknown) => {
    throw unavailable(`telemetry could not be asked: ${errorMessage(thrown)}`);
  });
  const text = (await readBounded(response)).toString('utf8');
  if (response.statusCode === 404 && response.headers[header.errorCode] === 'NOT_FOUND') return [];
  if (response.statusCode !== 200) {
    throw unavailable(`telemetry answered HTTP ${response.statusCode ?? 0} instead of records`);
  }
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as unknown);
}

/** Throws what the last attempt threw: whoever could not ask knows nothing. */
async function poll<T>(
  { signal, forMs = timeoutMs }: Patience,
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = Date.now() + forMs;
  let failure: Error | undefined;
  while (Date.now() < deadline && !signal.aborted) {
    try {
      const result = await attempt();
      if (result !== undefined) return result;
      failure = undefined;
    } catch (thrown) {
      failure = thrown instanceof Error ? thrown : new Error(String(thrown));
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  if (failure !== undefined) throw failure;
  return undefined;
}

/** The invocation once it is terminal; undefined when it does not become so in time. */
export function findInvocation(
  client: Client,
  token: string,
  key: CallKey,
  patience: Patience,
): Promise<Invocation | undefined> {
  return poll(patience, async () => {
    const [found] = (await queryTelemetry(
      client,
      token,
      `/v1/namespaces/${key.namespace}/invocations/${key.invocation}`,
    )) as Invocation[];
    return found !== undefined && isTerminal(found.status.phase) ? found : undefined;
  });
}

/** The spans once root and sandbox are there and nothing has been added for a while. */
export async function findTrace(
  client: Client,
  token: string,
  key: CallKey,
  patience: Patience,
): Promise<readonly SpanRecord[]> {
  let spans: readonly SpanRecord[] = [];
  let since = Date.now();
  const path = `/v1/namespaces/${key.namespace}/taskagents/${key.agent}/traces?invocation=${key.invocation}`;
  await poll(patience, async () => {
    const found = (await queryTelemetry(client, token, path)).map(parseSpan);
    if (found.length !== spans.length) since = Date.now();
    spans = found;
    const complete = [spanName.dispatch, spanName.invoke].every((name) =>
      spans.some((span) => span.name === name),
    );
    return complete && Date.now() - since >= settledMs ? true : undefined;
  });
  return spans;
}
