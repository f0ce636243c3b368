/** A body that was held, read as a decision needs it. Pure; what cannot be read in one way only is told as unreadable. */
import { refuse, type BodyNeed, type CallBody } from '../../decision/index.ts';
import { fieldValues } from '../http1/index.ts';
import { parseJsonBody } from '../providers/json-body.ts';
import type { AgentRequest } from './identify.ts';
import { parseRpcBody } from './json-rpc.ts';

export interface ReadBody {
  readonly body: CallBody;
  /** The caller asked for a stream; undefined: not known. */
  readonly stream: boolean | undefined;
}

const rpcForm = 'this host is governed by an MCPRoute';

function unreadable(message: string): ReadBody {
  return { body: { kind: 'unreadable', refusal: refuse(403, 'protocol', message) }, stream: undefined };
}

function readRpc(request: AgentRequest, bytes: Buffer): ReadBody {
  if (fieldValues(request.fields, 'content-encoding').some((value) => value.toLowerCase() !== 'identity')) {
    return unreadable(`the body must not be compressed; ${rpcForm}`);
  }
  const types = fieldValues(request.fields, 'content-type');
  if (types.length !== 1 || !/^application\/json *(;|$)/i.test(types[0] ?? '')) {
    return unreadable(`the body must be application/json; ${rpcForm}`);
  }
  const rpc = parseRpcBody(bytes);
  return rpc === undefined
    ? unreadable(`the body is not JSON-RPC that reads in one way only; ${rpcForm}`)
    : { body: { kind: 'rpc', rpc }, stream: undefined };
}

function readInference(bytes: Buffer): ReadBody {
  const json = parseJsonBody(bytes);
  if (json === undefined) return { body: { kind: 'inference', model: undefined }, stream: undefined };
  const model = json['model'];
  return {
    body: { kind: 'inference', model: typeof model === 'string' ? model : undefined },
    stream: json['stream'] === true,
  };
}

export function readBody(need: BodyNeed, request: AgentRequest, bytes: Buffer): ReadBody {
  if (bytes.length === 0) return { body: { kind: 'none' }, stream: undefined };
  return need === 'rpc' ? readRpc(request, bytes) : readInference(bytes);
}
