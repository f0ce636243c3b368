/** Waivers laid over findings: hidden while they last, told when they are over or hide nothing. Pure. */
import type { Finding } from '../finding.ts';
import { namespaceOf } from '../world.ts';
import { isExpired, waiversFile, type Waiver, type WaiverFile } from './waiver-file.ts';

export type { WaiverFile } from './waiver-file.ts';

export interface WaivedFinding {
  readonly finding: Finding;
  readonly waiver: Waiver;
}

export const noWaivers: WaiverFile = { file: waiversFile, waivers: [], problems: [] };

/** A `*` at the end of a name stands for any rest. */
function matchesName(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** A waiver is for one namespace: without one, for what has none, which is applied in the default one. */
function covers(waiver: Waiver, { rule, object, path }: Finding): boolean {
  if (object === undefined || waiver.rule !== rule || !matchesName(waiver.name, object.name)) return false;
  if (waiver.kind !== undefined && waiver.kind !== object.kind) return false;
  if (namespaceOf(waiver) !== namespaceOf(object)) return false;
  return waiver.path === undefined || waiver.path === path;
}

export function applyWaivers(
  found: readonly Finding[],
  { file, waivers, problems }: WaiverFile,
  now: Date,
): { readonly findings: readonly Finding[]; readonly waived: readonly WaivedFinding[] } {
  const used = new Set<Waiver>();
  const waived: WaivedFinding[] = [];
  const findings = found.filter((finding) => {
    const matching = waivers.filter((waiver) => covers(waiver, finding));
    for (const waiver of matching) used.add(waiver);
    const valid = matching.find((waiver) => !isExpired(waiver, now));
    if (valid !== undefined) waived.push({ finding, waiver: valid });
    return valid === undefined;
  });
  const about = (waiver: Waiver): Pick<Finding, 'object' | 'path' | 'location' | 'source'> => ({
    object: undefined,
    path: '',
    location: { file, line: waiver.line, column: 1 },
    source: undefined,
  });
  const remarks = waivers.flatMap((waiver): Finding[] => {
    const what = `the waiver of ${waiver.rule} for ${namespaceOf(waiver)}/${waiver.name} (${waiver.owner})`;
    if (isExpired(waiver, now)) {
      const message = `${what} expired on ${waiver.expires}`;
      const hint = 'Mend the cause and remove it, or decide again with `clrk waive`.';
      return [{ rule: 'waiver-expired', severity: 'error', message, hint, ...about(waiver) }];
    }
    if (used.has(waiver)) return [];
    return [
      {
        rule: 'waiver-unused',
        severity: 'warn',
        message: `${what} hides nothing`,
        hint: 'Remove it, or name the namespace it is for.',
        ...about(waiver),
      },
    ];
  });
  return { findings: [...problems, ...findings, ...remarks], waived };
}
