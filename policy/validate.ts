/**
 * The whole judgement: every object against its schema, every set against the rules, waivers applied. Pure: manifests and
 * the time come in, a report goes out. It must never say "clean" of what it could not read.
 */
import { orderFindings, reaches, type Finding, type Severity } from './finding.ts';
import type { LoadedManifests } from './manifest/load.ts';
import { renderName, type Manifest } from './manifest/manifest.ts';
import { checkObject, findingAt } from './object-check.ts';
import type { Rule } from './rule.ts';
import { rules as allRules } from './rules/index.ts';
import { undecidedRules } from './input-rules.ts';
import { applyWaivers, noWaivers, type WaivedFinding, type WaiverFile } from './waiver/apply-waivers.ts';
import { namespaceOf, World, type Checked } from './world.ts';

export interface ValidateOptions {
  readonly now: Date;
  readonly waivers?: WaiverFile;
  readonly rules?: readonly Rule[];
}

export interface ValidationReport {
  readonly findings: readonly Finding[];
  readonly waived: readonly WaivedFinding[];
  readonly files: number;
  readonly objects: number;
  readonly skipped: readonly string[];
  /** Something could not be read: the rest is not the whole verdict. */
  readonly undecided: boolean;
}

export function validate(
  loaded: LoadedManifests,
  { now, waivers = noWaivers, rules = allRules }: ValidateOptions,
): ValidationReport {
  const found = [...loaded.problems, ...judgeManifests(loaded.manifests, rules)];
  const { findings, waived } = applyWaivers(found, waivers, now);
  const undecided = findings.some(({ rule }) => undecidedRules.some(({ id }) => id === rule));
  const { files, manifests, skipped } = loaded;
  return { findings: orderFindings(findings), waived, files, objects: manifests.length, skipped, undecided };
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

function keyOf(manifest: Manifest): string {
  const group = manifest.apiVersion.includes('/') ? (manifest.apiVersion.split('/')[0] ?? '') : '';
  return `${group}/${manifest.kind}/${namespaceOf(manifest)}/${manifest.name}`;
}

/** One world for all, or one a set when two sets hold objects of one name. */
function worldsOf(units: ReadonlyMap<string, readonly Checked[]>): World[] {
  const all = [...units.values()].flat();
  const places = new Map<string, string>();
  const clash = all.some(({ manifest }) => {
    const key = keyOf(manifest);
    const known = places.get(key);
    places.set(key, known ?? manifest.unit);
    return known !== undefined && known !== manifest.unit;
  });
  return clash ? [...units.values()].map((own) => new World(own, all)) : [new World(all)];
}

function duplicates(units: ReadonlyMap<string, readonly Checked[]>): Finding[] {
  return [...units.values()].flatMap((unit) => {
    const first = new Map<string, Manifest>();
    return unit.flatMap(({ manifest }) => {
      const known = first.get(keyOf(manifest));
      if (known === undefined) {
        first.set(keyOf(manifest), manifest);
        return [];
      }
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
