/** 202: what is told of a call or event that was taken and is not answered here, as a few members of JSON. */
import type { OutgoingHttpHeaders } from 'node:http';
import { header } from '../contract/index.ts';
import type { Call } from './call.ts';
import { sharedOriginHeaders } from './dispatch-header.ts';

export function sendAccepted(
  call: Pick<Call, 'answer' | 'complete' | 'endAfterBody'>,
  told: Readonly<Record<string, string>>,
  more: OutgoingHttpHeaders = {},
): void {
  const { answer } = call;
  if (answer.closed || answer.begun) return;
  const text = Buffer.from(`${JSON.stringify(told)}\n`);
  answer.begin({
    status: 202,
    headers: {
      'content-type': 'application/json',
      'content-length': text.length,
      'cache-control': 'no-store',
      ...more,
      ...sharedOriginHeaders,
      // A body that was not read would be taken for the next request.
      ...(call.complete ? {} : { connection: 'close' }),
    },
  });
  void answer.write(text);
  call.endAfterBody(() => answer.end());
}

/** A call that nobody waits for: it runs, and its answer will be at `location`. */
export function sendRunning(
  call: Pick<Call, 'answer' | 'complete' | 'endAfterBody'>,
  { id, location }: { readonly id: string; readonly location: string },
  more: OutgoingHttpHeaders,
): void {
  sendAccepted(
    call,
    { invocation: id, state: 'running', location },
    { location, [header.invocationId]: id, ...more },
  );
}
