/** JSON-RPC messages as rules see them. Reading them from bytes is the gateway's business (egress/body). */

/** JSON as the agent wrote it, where a person is shown it. */
export interface WrittenJson {
  /** Valid JSON; undefined: too long to be kept. */
  readonly text: string | undefined;
  /** Of its bytes. */
  readonly digest: string;
}

export interface RpcMessage {
  /** undefined: it answers a request of the server. */
  readonly method: string | undefined;
  readonly id: string | number | undefined;
  /** What decides, of them. */
  readonly params: { readonly [name: string]: unknown };
  /** Of `tools/call`; absent: it has none; `any`: asked is about the tool, whatever its arguments. */
  readonly arguments?: WrittenJson | 'any';
  /** Digest of the state with which a server asked for input before (MCP since 2026-07-28); absent: it brings none. */
  readonly state?: string;
}

export interface RpcBody {
  readonly batch: boolean;
  readonly messages: readonly RpcMessage[];
}
