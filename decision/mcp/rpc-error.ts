/** How a refusal reads as a JSON-RPC error: for clients that read the body whatever the status. Pure. */
import type { Refusal } from '../call.ts';
import type { RpcMessage } from '../rpc-message.ts';

/** The code of MCP for fields that say another thing than the body. */
export const headerMismatch = 'MCP_HEADER_MISMATCH';
const rpcCodes: ReadonlyMap<string | undefined, number> = new Map([[headerMismatch, -32_020]]);
/** Of a server's own, for what no code of the protocol is for. */
const refusedCode = -32_001;

type Told = Pick<Refusal, 'message' | 'code' | 'retryAfterSeconds'>;

export function rpcError(id: RpcMessage['id'], { message, code, retryAfterSeconds }: Told): string {
  const data = retryAfterSeconds === undefined ? {} : { data: { code, retryAfterSeconds } };
  const error = { code: rpcCodes.get(code) ?? refusedCode, message, ...data };
  return JSON.stringify({ jsonrpc: '2.0', id: id ?? null, error });
}
