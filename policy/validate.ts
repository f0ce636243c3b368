/**
 * The whole judgement: every object against its schema, every set against the rules, waivers applied. Pure: manifests and
 * the time come in, a report goes out. It must never say "clean" of what it could not read.
 */
import { mixedNamespaces, unknownLabels, type Gap } from './completeness.ts';
import { ambiguousSets, clashes, isRepeatedNamespace, objectKey } from './environments.ts';
import { orderFindings, reaches, type Finding, type Severity } from './finding.ts';
import { sharedUnit } from './manifest/environment.ts';
import type { LoadedManifests } from './manifest/load.ts';
import { renderName, type Manifest } from './manifest/manifest.ts';
import { checkObject, findingAt } from './object-check.ts';
import type { Rule } from './rule.ts';
import { rules as allRules } from './rules/index.ts';
import { undecidedRules } from './input-rules.ts';
import { applyWaivers, noWaivers, type WaivedFinding, type WaiverFile } from './waiver/apply-waivers.ts';
import { World, type Checked } from './world.ts';

export interface ValidateOptions {
  readonly now: Date;
  readonly waivers?: WaiverFile;
  readonly rules?: readonly Rule[];
  /** What could not be seen is a warning, and the report is partial instead of undecided. */
  readonly assumePartial?: boolean;
}

export interface ValidationReport {
  readonly findings: readonly Finding[];
  readonly waived: readonly WaivedFinding[];
  readonly files: number;
  readonly objects: number;
  readonly skipped: readonly string[];
  /** Something could not be read: the rest is not the whole verdict. */
  readonly undecided: boolean;
  /** Something could not be seen, and the verdict is given all the same because somebody asked for it. */
  readonly partial: boolean;
}

export function validate(
  loaded: LoadedManifests,
  { now, waivers = noWaivers, rules = allRules, assumePartial = false }: ValidateOptions,
): ValidationReport {
  const { files, manifests, skipped, hasEnvironments = false } = loaded;
  const found = [
    ...loaded.problems,
    ...(hasEnvironments ? [] : ambiguousSets(manifests)),
    ...mixedNamespaces(manifests).map(notSeen),
    ...judgeManifests(manifests, rules),
  ];
  const applied = applyWaivers(found, waivers, now);
  const unseen = applied.findings.filter(isUndecided);
  const partial = assumePartial && unseen.length > 0 && unseen.every(mayBeAssumed);
  const findings = partial
    ? applied.findings.map((each) =>
        isUndecided(each)
          ? {
              ...each,
              severity: 'warn' as const,
              message: `${each.message} (assumed away: --assume-partial)`,
            }
          : each,
      )
    : applied.findings;
  return {
    findings: orderFindings(findings),
    waived: applied.waived,
    files,
    objects: manifests.length,
    skipped,
    undecided: unseen.length > 0 && !partial,
    partial,
  };
}

/** True of a finding that says that something could not be read or seen. */
export function isUndecided({ rule }: Finding): boolean {
  return undecidedRules.some(({ id }) => id === rule);
}

/** What a waiver says is not a matter of which manifests are there. */
function mayBeAssumed({ rule }: Finding): boolean {
  return rule !== 'waivers-unreadable';
}

function notSeen({ manifest, path, message, hint }: Gap): Finding {
  return findingAt(manifest, { rule: 'not-seen', severity: 'error', message, hint, path });
}

/** 0 clean, 1 findings at or above the threshold, 3 could not decide (2 is drift, `clrk drift`). */
export function exitCodeOfReport({ findings, undecided }: ValidationReport, failOn: Severity): 0 | 1 | 3 {
  if (undecided) return 3;
  return findings.some(({ severity }) => reaches(severity, failOn)) ? 1 : 0;
}

export function judgeManifests(manifests: readonly Manifest[], rules: readonly Rule[] = allRules): Finding[] {
  const findings: Finding[] = [];
  const units = new Map<string, Checked[]>();
  for (const manifest of manifests) {
    const verdict = checkObject(manifest);
    findings.push(...verdict.findings);
    const unit = units.get(manifest.unit);
    if (unit === undefined) units.set(manifest.unit, [verdict.checked]);
    else unit.push(verdict.checked);
  }
  findings.push(...duplicates(units));
  for (const world of worldsOf(units)) {
    for (const gap of unknownLabels(world)) findings.push(notSeen(gap));
    for (const rule of rules) {
      for (const { manifest, path, message, hint } of rule.check(world)) {
        findings.push(
          findingAt(manifest, {
            rule: rule.id,
            severity: rule.severity,
            message,
            hint: hint ?? rule.fix,
            path,
          }),
        );
      }
    }
  }
  return findings;
}

/** One world for all, or one a set when two sets hold objects of one name. */
function worldsOf(units: ReadonlyMap<string, readonly Checked[]>): World[] {
  const all = [...units.values()].flat();
  if (clashes(all.map(({ manifest }) => manifest)).length === 0) return [new World(all)];
  // What several environments share is around each of them; without such, each is around the others.
  const shared = units.get(sharedUnit) ?? all;
  return [...units.values()].map((own) => new World(own, shared));
}

function duplicates(units: ReadonlyMap<string, readonly Checked[]>): Finding[] {
  return [...units.values()].flatMap((unit) => {
    const first = new Map<string, Manifest>();
    return unit.flatMap(({ manifest }) => {
      const known = first.get(objectKey(manifest));
      if (known === undefined) {
        first.set(objectKey(manifest), manifest);
        return [];
      }
      if (isRepeatedNamespace(known, manifest)) return [];
      const { file, line } = known.locate([]);
      const message = `${renderName(manifest)} is also in ${file}:${line}`;
      const hint = 'Rename or remove one of the two.';
      return [
        findingAt(manifest, {
          rule: 'duplicate-object',
          severity: 'error',
          message,
          hint,
          path: ['metadata', 'name'],
        }),
      ];
    });
  });
}
