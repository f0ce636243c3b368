/**
 * Answers of `clrk reach` as text: the closed set, and what differs between two sides of it, in every output format. Pure.
 */
import {
  computeReach,
  diffReach,
  reachCommentFormats,
  reachHeaders,
  reachRows,
  reachSentences,
  renderReachComment,
  type ReachChange,
  type ReachCommentChange,
  type ReachCommentFormat,
  type ReachDocuments,
} from '../../policy/index.ts';
import { renderTable } from '../render/table.ts';
import type { LiveAnswer } from './live.ts';
import type { ManifestSet, ManifestSets } from './manifest-sets.ts';
import { renderNotEnforcedBlock } from './not-enforced.ts';
import { renderUnseen } from './partial-report.ts';

export const reachFormats = ['table', 'sentences', 'json', ...reachCommentFormats] as const;
export type ReachFormat = (typeof reachFormats)[number];

/** Titles say which folder only where there is more than one. */
function titled(sets: readonly ManifestSet[], label: string): string[] {
  return sets.length > 1 ? [`# ${label === '' ? '.' : label}`] : [];
}

/** The formats of a review's comment. */
function commentFormat(format: ReachFormat): ReachCommentFormat | undefined {
  return reachCommentFormats.find((each) => each === format);
}

/** What an answer leaves out, as an entry of a comment. */
function notSeen(sentence: string): ReachCommentChange {
  return { direction: 'not seen', sentence, folder: '' };
}

function notCarriedOut(sentence: string): ReachCommentChange {
  return { direction: 'not carried out', sentence, folder: '' };
}

export function renderReach(
  { sets, unseen, notEnforced }: ManifestSets,
  format: ReachFormat,
  path: string,
): string {
  const all = sets.map(({ label, documents }) => ({ label, reach: computeReach(documents) }));
  const comment = commentFormat(format);
  if (comment !== undefined) {
    const changes = all.flatMap(({ label, reach }) =>
      reachSentences(reach).map((sentence) => ({
        direction: 'is',
        sentence,
        folder: all.length > 1 ? label || '.' : '',
      })),
    );
    const told = [...changes, ...unseen.map(notSeen), ...notEnforced.map(notCarriedOut)];
    return renderReachComment({ base: undefined, changes: told, path }, comment).trimEnd();
  }
  if (format === 'json') {
    const agents = all.flatMap(({ label, reach }) =>
      reach.map(({ agent, regions, missingGateways, setOffBy, standing }) => ({
        folder: label,
        agent,
        reaches: regions.map(({ destinations, ports, value }) => ({ destinations, ports, accesses: value })),
        missingGateways,
        setOffBy,
        standing,
      })),
    );
    return JSON.stringify({ version: 1, partial: unseen.length > 0, unseen, notEnforced, agents }, null, 2);
  }
  const blocks = all.map(({ label, reach }) => {
    const body =
      format === 'sentences'
        ? reachSentences(reach).join('\n')
        : renderTable({ headers: reachHeaders, rows: reachRows(reach) });
    return [...titled(sets, label), body].join('\n');
  });
  return [...blocks, ...renderNotEnforcedBlock(notEnforced), ...renderUnseen(unseen)].join('\n\n');
}

export interface LabelledChange extends ReachChange {
  readonly folder: string;
}

const signs: Readonly<Record<ReachChange['direction'], string>> = { added: '+', removed: '-', changed: '~' };
const nothing: ReachDocuments = { gateways: [], pools: [], heard: new Map(), standing: new Map() };

export function changesOf(before: readonly ManifestSet[], after: readonly ManifestSet[]): LabelledChange[] {
  const labels = [...new Set([...before, ...after].map(({ label }) => label))].sort();
  return labels.flatMap((folder) => {
    const pick = (sets: readonly ManifestSet[]): ReachDocuments =>
      sets.find(({ label }) => label === folder)?.documents ?? nothing;
    return diffReach(pick(before), pick(after)).map((change) => ({ folder, ...change }));
  });
}

export interface Changes {
  readonly changes: readonly LabelledChange[];
  /** What it is compared with. */
  readonly base: string;
  readonly unseen: readonly string[];
  readonly notEnforced: readonly string[];
  /** Of a comparison with a cluster. */
  readonly live?: Pick<LiveAnswer, 'seen' | 'differing' | 'standing'>;
}

/** Of a comparison with a cluster: what persons allowed there, which manifests leave to them. */
function standingBlock(lines: readonly string[] = []): string[] {
  return lines.length === 0
    ? []
    : [['allowed by persons now:', ...lines.map((line) => `  ${line}`)].join('\n')];
}

/** How a comparison with a cluster ended, below its changes. */
function liveSummary({ seen, differing }: Pick<LiveAnswer, 'seen' | 'differing'>, counts: string): string {
  if (differing.length === 0 && counts === '')
    return `what runs is what the manifests say: ${seen.join(', ')}`;
  return [
    counts === '' ? 'no call differs' : `${counts} in what runs`,
    ...(differing.length === 0 ? [] : [`another policy than the manifests say: ${differing.join(', ')}`]),
  ].join('; ');
}

export function renderChanges(
  { changes, base, unseen, notEnforced, live }: Changes,
  format: ReachFormat,
  path: string,
): string {
  const count = (direction: ReachChange['direction']): number =>
    changes.filter((each) => each.direction === direction).length;
  const counts = { added: count('added'), removed: count('removed'), changed: count('changed') };
  const partial = unseen.length > 0;
  if (format === 'json')
    return JSON.stringify(
      { version: 1, base, partial, unseen, notEnforced, ...live, ...counts, changes },
      null,
      2,
    );
  const several = new Set(changes.map(({ folder }) => folder)).size > 1;
  const comment = commentFormat(format);
  if (comment !== undefined) {
    const labelled = changes.map((each) => ({ ...each, folder: several ? each.folder || '.' : '' }));
    const allowed = (live?.standing ?? []).map((sentence) => ({
      direction: 'is' as const,
      sentence,
      folder: '',
    }));
    const told = [...labelled, ...allowed, ...unseen.map(notSeen), ...notEnforced.map(notCarriedOut)];
    return renderReachComment({ base, changes: told, path }, comment).trimEnd();
  }
  const lines = changes.map(
    ({ direction, sentence, folder }) =>
      `${signs[direction]} ${several ? `[${folder || '.'}] ` : ''}${sentence}`,
  );
  const counted = `${counts.added} added, ${counts.removed} removed, ${counts.changed} changed`;
  const since =
    changes.length === 0
      ? `reach ${partial ? 'of what was seen ' : ''}is the same as in ${base}`
      : `${counted} since ${base}`;
  const summary = live === undefined ? since : liveSummary(live, changes.length === 0 ? '' : counted);
  return [
    ...lines,
    summary,
    ...standingBlock(live?.standing),
    ...renderNotEnforcedBlock(notEnforced),
    ...renderUnseen(unseen),
  ].join('\n');
}
