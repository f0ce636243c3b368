/**
 * The validation plugin of `cdk8s synth`: the same findings as `clrk validate`, with construct paths, so that a plain synth
 * fails on what CI would refuse. integrations/cdk8s-validation is what cdk8s.yaml names; it loads this file.
 */
import { dirname } from 'node:path';
import { readFileSync } from 'node:fs';
import { reaches, severities, type Finding, type Severity } from './finding.ts';
import { loadManifests } from './manifest/load.ts';
import { placeOf, renderLocation } from './report/place.ts';
import { docsPath } from './report/rule-text.ts';
import { validate, type ValidationReport } from './validate.ts';
import { noWaivers, type WaiverFile } from './waiver/apply-waivers.ts';
import { parseWaivers, waiversFile } from './waiver/waiver-file.ts';

/** What we use of cdk8s-cli's ValidationContext. */
export interface Cdk8sValidationContext {
  readonly manifests: readonly string[];
  readonly report: {
    addViolation(violation: {
      readonly ruleName: string;
      readonly recommendation: string;
      readonly fix: string;
      readonly violatingResources: ReadonlyArray<{
        readonly resourceName: string;
        readonly locations: readonly string[];
        readonly manifestPath: string;
      }>;
    }): void;
    submit(status: 'success' | 'failure', metadata?: Readonly<Record<string, string>>): void;
  };
}

export interface Cdk8sValidationProperties {
  /** Findings at or above it fail the synth. @default error */
  readonly failOn?: string;
  /** @default clrk-waivers.yaml, when it is there */
  readonly waivers?: string;
  /** Folders that are environments of their own, by name: `{ dev: 'dist/dev', prod: 'dist/prod' }`. @default none */
  readonly environments?: Readonly<Record<string, string>>;
  /**
   * Fail also on what this machine cannot see (a chart without helm, a folder that another tool applies). A synth is no proof of
   * completeness: `clrk validate` in CI is, and ends with 3. @default false
   */
  readonly complete?: boolean;
  /** A file with what agents may reach at most (docs/reach.md). @default no boundary */
  readonly within?: string;
  /** The time waivers are judged by. @default now */
  readonly now?: Date;
}

/** Whether all that the agents of a folder can reach is inside a boundary, and if not, what leaves it or why nobody can say. */
export interface BoundaryAnswer {
  readonly isWithin: boolean;
  readonly text: string;
}

/** Brought by the plugin: what manifests come to is the compiler's to say, which is not of this folder. */
export type JudgeBoundary = (folder: string, boundary: string) => BoundaryAnswer;

/** The folder all manifests are in: sets of their own are told apart inside it. */
function commonFolder(paths: readonly string[]): string {
  const [first = '.', ...rest] = paths.map((path) => dirname(path));
  let common = first;
  while (
    rest.some((each) => each !== common && !each.startsWith(`${common}/`)) &&
    dirname(common) !== common
  ) {
    common = dirname(common);
  }
  return common;
}

function readWaivers(named: string | undefined, now: Date): WaiverFile {
  try {
    return parseWaivers(readFileSync(named ?? waiversFile, 'utf8'), named ?? waiversFile, now);
  } catch (error) {
    if (named === undefined) return noWaivers;
    throw error;
  }
}

type Violation = Parameters<Cdk8sValidationContext['report']['addViolation']>[0];

function violationOf(finding: Finding): Violation {
  const { rule, message, hint, object, path, location } = finding;
  const resource = {
    resourceName: object?.name ?? location.file,
    locations: [path, renderLocation(placeOf(finding))].filter((each) => each !== ''),
    manifestPath: location.file,
  };
  return {
    ruleName: rule,
    recommendation: message,
    fix: hint ?? docsPath(rule),
    violatingResources: [resource],
  };
}

function holdsBoundary(
  { manifests, report }: Cdk8sValidationContext,
  { within }: Cdk8sValidationProperties,
  judge: JudgeBoundary | undefined,
): boolean {
  if (within === undefined) return true;
  if (judge === undefined) throw new Error('this plugin cannot judge a boundary: take `within` out');
  const folder = commonFolder(manifests);
  const { isWithin, text } = judge(folder, within);
  if (!isWithin) {
    report.addViolation({
      ruleName: 'outside-boundary',
      recommendation: text,
      fix: 'Open less, or let the owner of the boundary widen it: docs/reach.md',
      violatingResources: [{ resourceName: within, locations: [], manifestPath: folder }],
    });
  }
  return isWithin;
}

function isUnseen({ rule }: Finding): boolean {
  return rule === 'not-seen';
}

/** Findings that fail the synth. */
function failingOf(
  report: ValidationReport,
  { failOn = 'error', complete = false }: Cdk8sValidationProperties,
): Finding[] {
  const threshold: Severity | undefined = severities.find((each) => each === failOn);
  if (threshold === undefined) throw new Error(`failOn "${failOn}" is not one of ${severities.join(', ')}`);
  const judged = complete ? report.findings : report.findings.filter((finding) => !isUnseen(finding));
  return judged.filter(({ severity }) => reaches(severity, threshold));
}

export function validateSynth(
  context: Cdk8sValidationContext,
  properties: Cdk8sValidationProperties = {},
  judgeBoundary?: JudgeBoundary,
): void {
  const { waivers, environments = {}, complete = false, now = new Date() } = properties;
  const loaded = loadManifests([commonFolder(context.manifests)], {
    environments: Object.entries(environments).map(([name, path]) => ({ name, path })),
  });
  const report = validate(loaded, { now, waivers: readWaivers(waivers, now) });
  const failing = failingOf(report, properties);
  for (const finding of failing) context.report.addViolation(violationOf(finding));
  const counts = {
    objects: String(report.objects),
    waived: String(report.waived.length),
    'not seen': String(report.findings.filter(isUnseen).length),
  };
  const isWithin = holdsBoundary(context, properties, judgeBoundary);
  const isUndecided = complete && report.undecided;
  const passes = failing.length === 0 && !isUndecided && isWithin;
  context.report.submit(passes ? 'success' : 'failure', counts);
}
