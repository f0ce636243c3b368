/**
 * The one door of policy/: is this set of manifests allowed? Pure functions over manifests, one loader that reads files,
 * and reporters.
 */
export { orderFindings, reaches, severities, type Finding, type Severity } from './finding.ts';
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
export type { AdmissionCheck, Found, Rule, RuleText } from './rule.ts';
export { rules } from './rules/index.ts';
export { defaultNamespace, World, type Checked, type Item, type KindName, type Kinds } from './world.ts';
