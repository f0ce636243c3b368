/**
 * Names of the telemetry attributes, resource attributes and span names our processes write and read.
 * One module, because OpenTelemetry's GenAI names still move and a rename must be one edit.
 */
export const attribute = {
  component: 'clrk.component',
  egressGateway: 'clrk.egress_gateway',
  agentKind: 'agent.kind',
  agentNamespace: 'agent.namespace',
  agentName: 'agent.name',
  agentUid: 'agent.uid',
  agentRevision: 'agent.revision',
  invocationId: 'invocation.id',
  httpMethod: 'http.request.method',
  httpStatus: 'http.response.status_code',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  urlScheme: 'url.scheme',
  urlPath: 'url.path',
  urlFull: 'url.full',
  peerAddress: 'network.peer.address',
  peerPort: 'network.peer.port',
  errorType: 'error.type',
  /** 1 for the first try at an upstream. */
  attemptNumber: 'clrk.attempt.number',
  attemptBackend: 'clrk.attempt.backend',
  /** Why no other Backend was asked, though there was one. */
  retryIneligible: 'clrk.retry.ineligible',
  /** Header fields whose names are not well known, `name: value` each. */
  otherHeaders: { request: 'clrk.req.headers', response: 'clrk.resp.headers' },
  /** Not all of the head is shown. */
  headersTruncated: { request: 'clrk.req.headers.truncated', response: 'clrk.resp.headers.truncated' },
  requestBytes: 'clrk.req.bytes',
  responseBytes: 'clrk.resp.bytes',
  requestTruncated: 'clrk.req.truncated',
  responseTruncated: 'clrk.resp.truncated',
  durationMs: 'clrk.duration_ms',
  responseChunks: 'clrk.resp.chunks',
  bodyBase64: 'clrk.body.b64',
  bodyBytes: 'clrk.body.bytes',
  bodyTruncated: 'clrk.body.truncated',
  bodyEncoding: 'clrk.body.content_encoding',
  genAiSystem: 'gen_ai.system',
  genAiProvider: 'gen_ai.provider.name',
  genAiOperation: 'gen_ai.operation.name',
  genAiRequestModel: 'gen_ai.request.model',
  genAiResponseModel: 'gen_ai.response.model',
  genAiResponseId: 'gen_ai.response.id',
  genAiFinishReasons: 'gen_ai.response.finish_reasons',
  genAiInputTokens: 'gen_ai.usage.input_tokens',
  genAiOutputTokens: 'gen_ai.usage.output_tokens',
  genAiCacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  genAiCacheCreationTokens: 'gen_ai.usage.cache_creation.input_tokens',
  genAiReasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  genAiStream: 'gen_ai.request.stream',
  genAiTimeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  /** The API the agent spoke and the one its Backend was asked in; absent: they are one. */
  translationFrom: 'clrk.translation.from',
  translationTo: 'clrk.translation.to',
  /** Members of the request that the other API has no place for. */
  translationDropped: 'clrk.translation.dropped_extras',
  /** What the provider says it served the call as: `default`, `flex`, `priority`, `batch`. */
  serviceTier: 'clrk.service_tier',
  /** `unknown` or `partial`; absent: the token counts are whole. */
  usage: 'clrk.usage',
  costUsd: 'clrk.cost.usd',
  /** Tokens that the call's budgets promised it, and those it was charged. */
  budgetReserved: 'clrk.budget.reserved_tokens',
  budgetCharged: 'clrk.budget.charged_tokens',
  /** Decimal strings of US dollars. */
  budgetReservedCost: 'clrk.budget.reserved_usd',
  budgetChargedCost: 'clrk.budget.charged_usd',
  /** How many refusals of a kind this record stands for; absent: one. */
  recordCount: 'clrk.record.count',
  /** `bodies` or `values`: what was left out for want of room; absent: nothing. */
  recordReduced: 'clrk.record.reduced',
  policyDigest: 'clrk.policy.digest',
  /** `allow` or `deny`. */
  /** `allow`, `deny`, or `would_deny`: let through by Audit alone. */
  decision: 'clrk.decision',
  /** Of `would_deny`: the reason it would be refused for, and the route that would open it. */
  auditReason: 'clrk.audit.reason',
  auditOpens: 'clrk.audit.opens',
  /** The route that opened it, `Kind/ns/name`. */
  decisionRoute: 'clrk.decision.route',
  routeMatched: 'clrk.aiproviderroute.matched',
  routeName: 'clrk.aiproviderroute.name',
  routeNamespace: 'clrk.aiproviderroute.namespace',
  credentialPolicy: 'clrk.credential.policy',
  credentialError: 'clrk.credential.error',
  credentialSmuggled: 'clrk.credential.smuggled',
  /** How many trailers of the request did not go on; absent: none. */
  trailersDropped: 'clrk.request.trailers_dropped',
  denyReason: 'clrk.egress.deny_reason',
  /** The EgressDenyPolicy that denied it, `ns/name`. */
  denyPolicy: 'clrk.egress.deny_policy',
  /** The Approval a person decided, `ns/name`; with the answer, the Kubernetes user, the scope and what was said. */
  approval: 'clrk.approval.name',
  /** `allow`, `deny`, or `timeout`, `unavailable`: nobody decided. */
  approvalDecision: 'clrk.approval.decision',
  approvalUser: 'clrk.approval.user',
  approvalScope: 'clrk.approval.scope',
  approvalReason: 'clrk.approval.reason',
  /** How long it waited for a person. */
  approvalWaitMs: 'clrk.approval.wait_ms',
  mcpMethod: 'mcp.method',
  mcpToolName: 'mcp.tool.name',
  mcpResourceUri: 'mcp.resource.uri',
  mcpRequestId: 'mcp.request.id',
  /** Of the JSON-RPC error the server answered. */
  mcpErrorCode: 'mcp.error.code',
  /** Entries of lists that the agent may not use, and was not shown. */
  mcpHidden: 'clrk.mcproute.hidden',
  /** What its server asked of the agent and may not. */
  mcpDeniedRequests: 'clrk.mcproute.server_requests.denied',
  mcpRouteMatched: 'clrk.mcproute.matched',
  mcpRouteName: 'clrk.mcproute.name',
  mcpRouteNamespace: 'clrk.mcproute.namespace',
  /** `allow` or `deny`. */
  toolPolicyDecision: 'clrk.mcproute.toolpolicy.decision',
  failureReason: 'clrk.egress.failure_reason',
  destinationAddress: 'clrk.egress.dst_addr',
  destinationName: 'clrk.dst.name',
  l4BytesUpstream: 'clrk.l4.bytes_upstream',
  l4BytesDownstream: 'clrk.l4.bytes_downstream',
  workerPool: 'clrk.worker.pool',
  sandboxId: 'clrk.sandbox.id',
  imageRef: 'clrk.image.ref',
  imageDigest: 'clrk.image.digest',
  workerAddress: 'clrk.worker.addr',
  ingressOutcome: 'clrk.ingress.outcome',
  trigger: 'clrk.trigger',
  /** Before the name of a field of the caller's identity. */
  caller: 'clrk.caller',
  /** The user of the cluster who called, as its API server knows him. */
  callerUser: 'clrk.caller_user',
  /** The fields of it that a key of the agent's key set has signed. */
  callerVerified: 'clrk.caller_verified',
  phase: 'clrk.sandbox.phase',
  exitCode: 'clrk.sandbox.exit_code',
  ioStream: 'log.iostream',
  /** Of a line of output: how much of it is over the bound and not recorded. */
  logCutBytes: 'clrk.log.cut_bytes',
} as const;

export const spanName = {
  dispatch: 'ingress.dispatch',
  invoke: 'sandbox.invoke',
  /** Followed by the phase: `sandbox.create`. */
  sandboxPhase: (phase: string): string => `sandbox.${phase}`,
  tcp: 'egress.tcp',
  dialDenied: 'egress.dial.denied',
  dialFailed: 'egress.dial.failed',
  frameMalformed: 'egress.proxy.malformed',
} as const;
