/** WebSockets of model providers: judged message by message, or read in passing. */
import { JudgedSocket } from './judged-socket.ts';
import { isWayOf } from './response-call.ts';
import type { SocketMessages, SocketParts } from './socket-parts.ts';
import { WatchedSocket } from './watched-socket.ts';

export type { SocketMessages } from './socket-parts.ts';

/** undefined: nobody reads what is said in it. */
export function readMessages(opened: Omit<SocketParts, 'isWay'>): SocketMessages | undefined {
  const { decision } = opened;
  const [candidate] = decision.candidates;
  const parts = { ...opened, isWay: isWayOf(candidate) };
  switch (decision.messages) {
    case 'judged':
      return new JudgedSocket(parts);
    case 'read':
      return new WatchedSocket(parts);
    case undefined:
      return undefined;
    default:
      return decision.messages satisfies never;
  }
}
