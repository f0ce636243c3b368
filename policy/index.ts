/**
 * The one door of policy/: is this set of manifests allowed? Pure functions over manifests, one loader that reads files,
 * and reporters.
 */
export {
  validateSynth,
  type BoundaryAnswer,
  type Cdk8sValidationContext,
  type Cdk8sValidationProperties,
  type JudgeBoundary,
} from './cdk8s-validation.ts';
export { missingNamespaces, missingObjects, unknownLabels, type Gap } from './completeness.ts';
export { ambiguousSets, isRepeatedNamespace, objectKey } from './environments.ts';
export { orderFindings, reaches, severities, type Finding, type Severity } from './finding.ts';
export { sharedUnit, type EnvironmentPath } from './manifest/environment.ts';
export { isList, isObject, type Json, type JsonObject } from './manifest/json.ts';
export { loadManifests, parseManifestText, type LoadedManifests, type LoadOptions } from './manifest/load.ts';
export {
  renderName,
  type Location,
  type Manifest,
  type ObjectName,
  type SourceLocation,
} from './manifest/manifest.ts';
export { renderPath, type Path } from './manifest/path.ts';
export { findProgram, type Programs } from './manifest/render-program.ts';
export { checkObject } from './object-check.ts';
export {
  reachCommentFormats,
  reachCommentMark,
  renderReachComment,
  type ReachCommentChange,
  type ReachCommentFormat,
} from './report/reach-comment.ts';
export { renderReport, reportFormats, type ReportFormat } from './report/report.ts';
export { docsPath, ruleTexts } from './report/rule-text.ts';
export type { AdmissionCheck, Found, Rule, RuleText } from './rule.ts';
export { rules } from './rules/index.ts';
export {
  exitCodeOfReport,
  isUndecided,
  judgeManifests,
  validate,
  type ValidateOptions,
  type ValidationReport,
} from './validate.ts';
export { addWaiver } from './waiver/add-waiver.ts';
export {
  maxWaiverDays,
  parseWaivers,
  waivableRules,
  waiversFile,
  type Waiver,
  type WaiverEntry,
  type WaiverFile,
} from './waiver/waiver-file.ts';
export { defaultNamespace, World, type Checked, type Item, type KindName, type Kinds } from './world.ts';
export * from './reach/index.ts';
export { checkKind, shapeIssues } from './schema/kind-check.ts';
export { namesSecret, secretShape } from './secret-text.ts';
export { driftOf, needsCreated, type ObjectVersions } from './drift/object-drift.ts';
export { treeDrift, type TreeDrift } from './drift/tree-drift.ts';
export { admissionLabel, admissionPolicies } from './admission/admission-policies.ts';
