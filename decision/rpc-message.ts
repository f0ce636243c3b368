/** JSON-RPC messages as rules see them. Reading them from bytes is the gateway's business (egress/body). */

export interface RpcMessage {
  /** undefined: it answers a request of the server. */
  readonly method: string | undefined;
  readonly id: string | number | undefined;
  readonly params: { readonly [name: string]: unknown };
}

export interface RpcBody {
  readonly batch: boolean;
  readonly messages: readonly RpcMessage[];
}
