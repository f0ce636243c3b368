/** Every rule of ours. Adding one is a file and a line here. */
import type { Rule } from '../rule.ts';
import { agentReachesNothing } from './agent-reaches-nothing.ts';
import { allowAllGateway } from './allow-all-gateway.ts';
import { approvalBypassed } from './approval-bypassed.ts';
import { argumentRuleUnreadable } from './argument-rule-unreadable.ts';
import { awsSignatureUnfit } from './aws-signature-unfit.ts';
import { backendByAddress } from './backend-by-address.ts';
import { backendClosed } from './backend-closed.ts';
import { backendPlainHttp } from './backend-plain-http.ts';
import { backendsWeighNothing } from './backends-weigh-nothing.ts';
import { broadRange } from './broad-range.ts';
import { budgetWithoutCap } from './budget-without-cap.ts';
import { budgetCountedApart } from './budget-counted-apart.ts';
import { budgetWithoutPrice } from './budget-without-price.ts';
import { callerExtractorUnreadable } from './caller-extractor-unreadable.ts';
import { credentialCrossesProvider } from './credential-crosses-provider.ts';
import { credentialForeignHost } from './credential-foreign-host.ts';
import { credentialInTheClear } from './credential-in-the-clear.ts';
import { credentialManyHosts } from './credential-many-hosts.ts';
import { credentialNotInspected } from './credential-not-inspected.ts';
import { derivedNameClash } from './derived-name-clash.ts';
import { derivedNameInvalid } from './derived-name-invalid.ts';
import { exportEndpointUnfit } from './export-endpoint-unfit.ts';
import { fallbackWithoutCredential } from './fallback-without-credential.ts';
import { gatewayAsks } from './gateway-asks.ts';
import { gatewayAudits } from './gateway-audits.ts';
import { gatewayOpensNothing } from './gateway-opens-nothing.ts';
import { gatewayResourcesUnfit } from './gateway-resources-unfit.ts';
import { headerEditUnfit } from './header-edit-unfit.ts';
import { httpRouteWidened } from './http-route-widened.ts';
import { httpWildcardCredential } from './http-wildcard-credential.ts';
import { imageWithoutDigest } from './image-without-digest.ts';
import { mcpSessionSplit } from './mcp-session-split.ts';
import { missingLimits } from './missing-limits.ts';
import { neverOpenDestination } from './never-open-destination.ts';
import { notEnforced } from './not-enforced.ts';
import { policyConflict } from './policy-conflict.ts';
import { policyWithoutEffect } from './policy-without-effect.ts';
import { privateRange } from './private-range.ts';
import { privilegedWorker } from './privileged-worker.ts';
import { recordSinkMissing } from './record-sink-missing.ts';
import { routeNotAttached } from './route-not-attached.ts';
import { routeShadowed } from './route-shadowed.ts';
import { clonesRepeatRandom } from './clones-repeat-random.ts';
import { runsShareProcess } from './runs-share-process.ts';
import { scheduleNeverFires } from './schedule-never-fires.ts';
import { secretInEnv } from './secret-in-env.ts';
import { tokenEndpointUnfit } from './token-endpoint-unfit.ts';
import { translationImpossible } from './translation-impossible.ts';
import { triggerHearsAll } from './trigger-hears-all.ts';
import { unresolvedReference } from './unresolved-reference.ts';
import { wildcardPublicSuffix } from './wildcard-public-suffix.ts';

export const rules: readonly Rule[] = [
  unresolvedReference,
  routeNotAttached,
  agentReachesNothing,
  gatewayOpensNothing,
  gatewayResourcesUnfit,
  allowAllGateway,
  approvalBypassed,
  argumentRuleUnreadable,
  gatewayAsks,
  gatewayAudits,
  broadRange,
  neverOpenDestination,
  privateRange,
  wildcardPublicSuffix,
  credentialNotInspected,
  credentialInTheClear,
  credentialCrossesProvider,
  credentialForeignHost,
  credentialManyHosts,
  awsSignatureUnfit,
  tokenEndpointUnfit,
  secretInEnv,
  fallbackWithoutCredential,
  translationImpossible,
  mcpSessionSplit,
  backendByAddress,
  backendClosed,
  backendPlainHttp,
  backendsWeighNothing,
  exportEndpointUnfit,
  recordSinkMissing,
  callerExtractorUnreadable,
  routeShadowed,
  httpRouteWidened,
  headerEditUnfit,
  httpWildcardCredential,
  budgetWithoutCap,
  budgetWithoutPrice,
  budgetCountedApart,
  policyWithoutEffect,
  policyConflict,
  derivedNameInvalid,
  derivedNameClash,
  scheduleNeverFires,
  runsShareProcess,
  clonesRepeatRandom,
  triggerHearsAll,
  notEnforced,
  imageWithoutDigest,
  privilegedWorker,
  missingLimits,
];
