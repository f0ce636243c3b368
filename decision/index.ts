/** The one door of `decision/`: what a policy says of a call. */
export { covers, refuseAsk, strictest, type Ask, type LastingAnswer } from './approval.ts';
export { auditBytes, type WouldDeny } from './audit.ts';
export { awsRegionOf } from './aws-region.ts';
export { type Budget, type CostLimit, type TokenLimit, type UseLimit } from './budget.ts';
export { hasPrice, priceIds } from './model-price.ts';
export { capOf, renderLimits, type LimitState, type ToldLimit } from './limit-fields.ts';
export { reachedThresholds } from './threshold.ts';
export { refuseSpent, refuseUnpriced, useUnavailable, type SpentUse } from './use-refusal.ts';
export {
  countCall,
  limitsUnavailable,
  placeOf,
  refuseReached,
  secondsTo,
  type CallCount,
  type CountedCaller,
  type CountPlace,
} from './call-limit.ts';
export {
  noApprovals,
  refuse,
  type Call,
  type CallBody,
  type Refusal,
  type Site,
  type UpstreamTarget,
} from './call.ts';
export {
  compileMatch,
  computeModel,
  matchClause,
  type CallMatch,
  type Clause,
  type MatchResult,
  type ModelFact,
} from './clause.ts';
export {
  withToken,
  type AwsSigning,
  type CredentialOrigin,
  type CredentialPlan,
  type CredentialRefusal,
  type InjectedField,
  type Injection,
} from './credential.ts';
export type { BodyNeed } from './body-need.ts';
export { renamedModel } from './backend-judgement.ts';
export { decide } from './decide.ts';
export type { AllowDecision, Candidate, Decision } from './decision.ts';
export { type DenialClause } from './denial.ts';
export {
  computeCalled,
  computeHealth,
  computeWait,
  healthy,
  standingOf,
  type EjectionClock,
  type Health,
  type HealthSign,
  type Standing,
} from './ejection.ts';
export { isRetriable, type TryEnd } from './fallback.ts';
export { judgeAnswers, judgeOwnAnswers, type DialRequest, type DialVerdict } from './dial.ts';
export { compileGlob, openingGlobs, type Glob, type GlobList } from './glob.ts';
export { judgeHeaderEdit } from './http/header-edit.ts';
export { compileHttpMatch, takesMethod, type CompiledHttpMatch } from './http/match.ts';
export { compilePath, type PathPattern, type PathReader } from './http/path-pattern.ts';
export {
  judgeExportEndpoint,
  judgeExportHeaders,
  readExportEndpoint,
  type ExportEndpoint,
  type ExportProblem,
} from './record-export.ts';
export { RequestHead, type HeadText } from './request-head.ts';
export { readClaims, type RpcClaim } from './rpc-claim.ts';
export { listedKinds, McpAnswers, type ListedKind } from './mcp/answers.ts';
export { faultOfArgumentExpression } from './mcp/argument-expression.ts';
export { retryKey, stateBrought } from './mcp/input-state.ts';
export { argumentsAskedOf, refuseAs, type McpFacts } from './mcp/judge.ts';
export { isAmbiguousMethod, protocolMethods } from './mcp/method.ts';
export {
  courseOfOthers,
  type McpClause,
  type McpCourse,
  type McpDenialClause,
  type McpPlan,
} from './mcp/plan.ts';
export { type RpcBody, type RpcMessage, type WrittenJson } from './rpc-message.ts';
export { chooseRelay, type RelayWay } from './l4-way.ts';
export { renderOpener, type Opener, type OpenerKind } from './opener.ts';
export { pathSpaceOf, type PathSpace, type PathTemplate } from './operation/path-space.ts';
export {
  operationOf,
  operationTable,
  socketMethod,
  type ApiShape,
  type Operation,
  type OperationTable,
} from './operation/index.ts';
export { isPlainPath, parseQueryNames, parseTarget, splitQuery, withoutEndSlash } from './path.ts';
export { isSecretName } from './secret-name.ts';
export { showText } from './shown-text.ts';
export { methodOverrides, rootOf, spelling } from './spelling.ts';
export {
  googleTokenEndpoint,
  isGoogleEndpoint,
  readTokenEndpoint,
  type TokenEndpoint,
} from './token-endpoint.ts';
export { refuseToken, secretsOf, type TokenNeed } from './token.ts';
export { computePlan, type OpenPlan, type OtherWays, type ShutPlan, type SitePlan } from './plan.ts';
export { PolicyIndex, type Policy } from './policy-index.ts';
export { type RouteClause, type Way } from './provider-clause.ts';
export { computeCall, computeRetry, newAllowance, type RetryAllowance } from './retry-budget.ts';
export { allowedBy, answerLastsMs, type StandingAnswer, type TimedAnswer } from './standing-answer.ts';
export { SitePlans } from './site-plans.ts';
export { callOfMessage, decideMessage } from './socket.ts';
export { binaryMessage, kindOfMessage, type MessageKind } from './socket-message.ts';
export type { SocketReading } from './socket-reading.ts';
export {
  chatApiOf,
  refuseTranslation,
  translatedPaths,
  translationOf,
  type ChatApi,
  type Translation,
} from './translation.ts';
export { renderUntranslated, untranslated } from './untranslated.ts';
export { sumWeights, weightOf } from './way-choice.ts';
export { answersWide, unnamedOutputTokens } from './wide-answer.ts';
