/** HTTP header names of the dispatch path, lower case. */
export const header = {
  taskAgent: 'x-clrk-taskagent',
  invocationId: 'x-clrk-invocation-id',
  executionId: 'x-clrk-execution-id',
  /** Ingress to worker: `<kind>/<namespace>/<name>`. Before 0.2 it said `taskAgent` alone. */
  agent: 'x-clrk-agent',
  trigger: 'x-clrk-trigger',
  triggerSource: 'x-clrk-trigger-source',
  /** RFC 3339: when the ingress took the call. */
  createdAt: 'x-clrk-created-at',
  /** Ingress to worker: who called, as the agent's extractors say. */
  caller: 'x-clrk-caller',
  /** Ingress to worker: the user of the cluster who called, encoded. */
  user: 'x-clrk-user',
  /** Telemetry to ingress: its word for who that is. */
  voucher: 'x-clrk-voucher',
  /** Of a result that is not whole: `cut` or `broken`, and how many bytes of how many were kept. */
  resultEnd: 'x-clrk-result-end',
  /** Of a result: so many headers of its answer had no room. */
  resultHeadersLeft: 'x-clrk-result-headers-left',
  revision: 'x-clrk-revision',
  workerEndpoint: 'x-clrk-worker-endpoint',
  exitCode: 'x-clrk-exit-code',
  /** Of the read API: the token of the next page, where an answer is cut. */
  continue: 'x-clrk-continue',
  /** Stable code of an error that one of our processes (not the agent) answered. */
  errorCode: 'x-clrk-error-code',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
} as const;

/** Largest request body an invocation may carry; over it: 400 (reference: 32 MiB). */
export const maxRequestBodyBytes = 32 * 1024 * 1024;
/** Hard cap of an invocation whatever spec.timeout says. */
export const hardTimeoutMs = 5 * 60 * 1000;
