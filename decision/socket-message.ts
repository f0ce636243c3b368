/** What a message of an agent in a judged WebSocket asks for, told by its type: what may make a model run unjudged does not pass. Pure. */
import { refuse, type Refusal } from './call.ts';

/** What an agent's message is. */
export type MessageKind =
  /** It asks for a response. */
  | 'create'
  /** It asks for nothing that a model runs for. */
  | 'word';

const kinds: ReadonlyMap<string, MessageKind> = new Map<string, MessageKind>([
  ['response.create', 'create'],
  ['response.cancel', 'word'],
  ['response.processed', 'word'],
]);

function refuseMessage(message: string): Refusal {
  return { ...refuse(400, 'protocol', message), code: 'SOCKET_MESSAGE_REFUSED' };
}

export const binaryMessage = refuseMessage(
  'a binary message cannot be read, and this socket is judged: send JSON as text',
);

const maxTold = 60;

/** `wraps`: it has a `response` of its own, in which some servers look for a model. */
export function kindOfMessage(
  type: string | undefined,
  { model, wraps }: { readonly model: string | undefined; readonly wraps: boolean },
): MessageKind | Refusal {
  const kind = type === undefined ? undefined : kinds.get(type);
  if (kind === undefined) {
    const what =
      type === undefined ? 'a message without a type' : `the event ${JSON.stringify(type.slice(0, maxTold))}`;
    return refuseMessage(
      `${what} is none that the gateway can judge; it lets ${[...kinds.keys()].join(', ')} through`,
    );
  }
  if (wraps) return refuseMessage('the members of the response stand in the event itself, not in `response`');
  if (kind === 'word' && model !== undefined) return refuseMessage(`${type ?? ''} names no model`);
  return kind;
}
