/**
 * The messages between telemetry and its embedded-engine child, over Node's IPC channel (advanced serialization,
 * so bodies travel as bytes). Apart because both ends must agree; it knows neither chdb nor processes.
 */
export type EngineRequest =
  | { readonly id: number; readonly op: 'query'; readonly sql: string; readonly params: QueryParams }
  | {
      readonly id: number;
      readonly op: 'insert';
      readonly table: string;
      readonly body: Uint8Array;
      readonly settings: Readonly<Record<string, string>>;
    };

export type QueryParams = Readonly<Record<string, unknown>>;

export type EngineReply =
  | { readonly ready: true }
  | { readonly id: number; readonly body: Uint8Array }
  | { readonly id: number; readonly error: EngineFailure };

/** `code` and `type` as ClickHouse numbers and names them; absent when the failure is not the engine's. */
export interface EngineFailure {
  readonly message: string;
  readonly code?: string;
  readonly type?: string;
}

/** ClickHouse's own wording, `Code: 47. DB::Exception: text. (UNKNOWN_IDENTIFIER)`, as fields. */
export function parseEngineFailure(message: string): EngineFailure {
  const code = /Code: (\d+)/.exec(message)?.[1];
  const type = /\(([A-Z][A-Z0-9_]+)\)\s*(?:\(|$)/m.exec(message)?.[1];
  return { message, ...(code === undefined ? {} : { code }), ...(type === undefined ? {} : { type }) };
}
