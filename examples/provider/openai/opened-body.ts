/** The body of a request with its model, or why there is none: the same for each operation of OpenAI's. Pure. */
import type { ProviderReply, ProviderRequest } from '../exchange.ts';
import { asObject, unknownMember, type JsonObject } from '../json.ts';
import { checkModel, openaiError } from './error.ts';

export interface OpenedBody {
  readonly body: JsonObject;
  readonly model: string;
}

/** `members`: those the operation knows; absent: it takes any. */
export function openBody(
  request: ProviderRequest,
  members?: ReadonlySet<string>,
): OpenedBody | { readonly refused: ProviderReply } {
  const body = asObject(request.json);
  if (body === undefined) {
    return { refused: openaiError(400, 'We could not parse the JSON body of your request.') };
  }
  const model = checkModel(body['model']);
  if (typeof model !== 'string') return { refused: model };
  const strange = members && unknownMember(body, members);
  return strange === undefined
    ? { body, model }
    : { refused: openaiError(400, `Unknown parameter: '${strange}'.`, strange, 'unknown_parameter') };
}
