/**
 * A call of a TaskAgent by a user of the cluster: the body goes to the ingress and its answer comes back as it comes. What
 * the platform alone may say of a call, and what says who the caller is to this server, does not go on; the agent must never
 * see a user's token.
 */
import {
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { randomUUID } from 'node:crypto';
import { ClrkError, header, hopByHop, isInvocationId } from '../../contract/index.ts';

export interface InvokeTarget {
  readonly namespace: string;
  readonly agent: string;
  /** Path and query as the agent sees them. */
  readonly path: string;
  /** Our word for who calls, and the id of the call it is about; absent: the ingress is not told. */
  readonly vouched?: { readonly id: string; readonly voucher: string };
}

/** Pure: the caller's id, else one of ours: what is vouched for is one call, which runs once. */
export function invocationIdOf(headers: IncomingMessage['headers']): string {
  const id = headers[header.invocationId];
  return typeof id === 'string' && isInvocationId(id) ? id : randomUUID();
}

/** Between two connections, too. */
const between: ReadonlySet<string> = new Set(['host', 'expect']);
/** Who calls, to this server. */
const ours = ['authorization', 'cookie', 'impersonate-', 'x-remote-', 'x-clrk-', 'x-forwarded-', 'ce-'];

/** Pure: what goes on to the ingress. */
export function forwardedHeaders(headers: IncomingMessage['headers']): OutgoingHttpHeaders {
  const isHop = hopByHop(headers.connection);
  const kept = Object.entries(headers).filter(
    ([name]) => !isHop(name) && !between.has(name) && !ours.some((prefix) => name.startsWith(prefix)),
  );
  const id = headers[header.invocationId];
  return {
    ...Object.fromEntries(kept),
    ...(typeof id === 'string' && isInvocationId(id) ? { [header.invocationId]: id } : {}),
  };
}

/** Pure: the way back. */
export function answeredHeaders(headers: IncomingMessage['headers']): OutgoingHttpHeaders {
  const isHop = hopByHop(headers.connection);
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !isHop(name) && name !== 'set-cookie'),
  );
}

/** Throws INGRESS_UNREACHABLE while nothing was answered; later the answer is cut. */
export async function forwardInvoke(
  ingressUrl: string,
  target: InvokeTarget,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(ingressUrl);
  const { vouched } = target;
  await new Promise<void>((resolve, reject) => {
    const onward = httpRequest({
      hostname: url.hostname,
      port: url.port === '' ? 80 : Number(url.port),
      method: 'POST',
      path: `/agents/${target.namespace}/${target.agent}${target.path}`,
      headers: {
        ...forwardedHeaders(request.headers),
        ...(vouched === undefined
          ? {}
          : { [header.invocationId]: vouched.id, [header.voucher]: vouched.voucher }),
        host: url.host,
      },
    });
    response.once('close', () => {
      onward.destroy();
      resolve();
    });
    onward.once('error', (cause) => {
      if (response.headersSent) response.destroy();
      else
        reject(
          new ClrkError('INGRESS_UNREACHABLE', 'the ingress does not answer', { cause, retryable: true }),
        );
    });
    // Nothing here speaks another protocol: an agent that says it goes on in one has answered nothing.
    const refuseUpgrade = (): void => {
      onward.destroy();
      reject(new ClrkError('INVOKE_UPGRADED', 'the agent answered with another protocol (101)'));
    };
    onward.once('upgrade', refuseUpgrade);
    onward.once('response', (answer) => {
      // Without the fields that belong to it, it comes as an answer that never ends.
      if (answer.statusCode === 101) return refuseUpgrade();
      response.writeHead(answer.statusCode ?? 502, answeredHeaders(answer.headers));
      response.flushHeaders();
      answer.once('error', () => response.destroy());
      answer.once('end', () => response.addTrailers(trailersOf(answer)));
      answer.pipe(response);
    });
    request.once('error', () => onward.destroy());
    request.pipe(onward);
  });
}

function trailersOf({ trailers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(trailers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
