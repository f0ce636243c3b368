/**
 * `clrk reach --within boundary.yaml`: is everything that agents can reach inside an organisation's boundary? Exit 0 when it
 * is, 1 with the smallest call that is not, 3 when nobody can say. Reads the boundary; the verdict is policy/reach's.
 */
import { readFileSync } from 'node:fs';
import { ClrkError, errorMessage } from '../../contract/index.ts';
import { judgeWithin, parseBoundary, type Boundary, type WithinVerdict } from '../../policy/index.ts';
import type { ManifestSets } from './manifest-sets.ts';
import { undecided } from './undecided.ts';

const hint = 'Name a file with `version: 1` and `rows`; docs/reach.md shows one.';

/** A boundary nobody could read holds nothing: exit 3. */
function readBoundary(file: string): Boundary {
  try {
    return parseBoundary(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = error instanceof ClrkError ? error.message : `it cannot be read: ${errorMessage(error)}`;
    throw undecided('BOUNDARY_INVALID', [`${file}: ${why}`], hint);
  }
}

export type WithinFormat = 'text' | 'json';

export interface WithinAnswer {
  readonly text: string;
  readonly exitCode: 0 | 1;
}

/** As data: the verdict, and of a counterexample everything that is known of the call. */
function json(answer: object): string {
  return JSON.stringify({ version: 1, ...answer }, null, 2);
}

interface Judged {
  readonly label: string;
  readonly verdict: WithinVerdict;
}

function outside(judged: readonly Judged[], format: WithinFormat): WithinAnswer | undefined {
  const found = judged.flatMap(({ label, verdict }) =>
    verdict.kind === 'outside' ? [{ label, ...verdict.counterexample }] : [],
  );
  const [first] = found.sort((a, b) => a.sentence.length - b.sentence.length);
  if (first === undefined) return undefined;
  const where = judged.length > 1 ? `[${first.label || '.'}] ` : '';
  if (format === 'json') {
    const { label: folder, ...counterexample } = first;
    return { text: json({ within: false, folder, counterexample }), exitCode: 1 };
  }
  return { text: `outside the boundary: ${where}${first.sentence}`, exitCode: 1 };
}

/** @throws UndecidedError when the boundary cannot be read, or not everything could be seen */
export function answerWithin(
  { sets, unseen }: ManifestSets,
  file: string,
  format: WithinFormat = 'text',
): WithinAnswer {
  const boundary = readBoundary(file);
  const judged = sets.map(({ label, documents }) => ({ label, verdict: judgeWithin(documents, boundary) }));
  const found = outside(judged, format);
  if (found !== undefined) return found;
  const unknown = judged.flatMap(({ verdict }) => (verdict.kind === 'unknown' ? [verdict.why] : []));
  const why = [...unknown, ...unseen];
  if (why.length > 0) {
    throw undecided(
      'BOUNDARY_UNDECIDED',
      why,
      'What was seen is inside the boundary; the rest is not known.',
    );
  }
  if (format === 'json') return { text: json({ within: true, boundary: file }), exitCode: 0 };
  return { text: `all that agents can reach is within ${file}`, exitCode: 0 };
}
