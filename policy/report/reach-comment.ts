/**
 * What a change does to agents' reach, for a review: a comment in Markdown, GitHub's annotations, GitLab's code quality
 * report. Sentences come in ready and are never taken apart; text of manifests in them is shown and never rendered. Pure.
 */
import { createHash } from 'node:crypto';
import { plainLine } from './place.ts';

export const reachCommentFormats = ['markdown', 'github', 'gitlab'] as const;
export type ReachCommentFormat = (typeof reachCommentFormats)[number];

export interface ReachCommentChange {
  /** added, removed, or another word for a way that changed. */
  readonly direction: string;
  readonly sentence: string;
  /** The set of manifests, where there is more than one; empty: the only one. */
  readonly folder: string;
}

export interface ReachComment {
  /** What is compared with; undefined: nothing, the sentences are all there is. */
  readonly base: string | undefined;
  readonly changes: readonly ReachCommentChange[];
  /** The folder asked about, for reports that want a file. */
  readonly path: string;
}

/** By it the comment of an earlier run is found and replaced. */
export const reachCommentMark = '<!-- clrk reach -->';
/** GitHub takes 65,536 characters in a comment. */
const maxLength = 60_000;
const signs: Readonly<Record<string, string>> = { added: '+', removed: '-' };
/** More reach is what a review is for. */
const severities: Readonly<Record<string, 'warning' | 'notice'>> = { removed: 'notice' };

function label({ folder, sentence }: ReachCommentChange): string {
  return plainLine(folder === '' ? sentence : `[${folder}] ${sentence}`);
}

function counts(changes: readonly ReachCommentChange[]): string {
  const known = ['added', 'removed', ...changes.map(({ direction }) => direction)];
  const parts = [...new Set(known)].map(
    (direction) => `${changes.filter((each) => each.direction === direction).length} ${plainLine(direction)}`,
  );
  return parts.join(', ');
}

function title({ base, changes }: ReachComment): string {
  if (base === undefined) return 'What each agent can reach';
  const since = `\`${plainLine(base).replaceAll('`', "'")}\``;
  return changes.length === 0
    ? `Reach is the same as in ${since}`
    : `Reach: ${counts(changes)} since ${since}`;
}

/** A fence no line can end. */
function fenced(lines: readonly string[]): string {
  const longest = Math.max(2, ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map((run) => run.length)));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}diff`, ...lines, fence].join('\n');
}

function bounded(lines: readonly string[]): string[] {
  let length = 0;
  const kept = lines.filter((line) => {
    length += line.length + 1;
    return length <= maxLength;
  });
  return kept.length === lines.length
    ? kept
    : [...kept, `… and ${lines.length - kept.length} more: \`clrk reach\` tells all`];
}

function renderMarkdown(comment: ReachComment): string {
  const isDiff = comment.base !== undefined;
  const lines = comment.changes.map((change) => {
    const sign = isDiff ? `${signs[change.direction] ?? '!'} ` : '';
    return `${sign}${label(change)}`;
  });
  const body = lines.length === 0 ? [] : ['', fenced(bounded(lines))];
  return `${[reachCommentMark, `### ${title(comment)}`, ...body].join('\n')}\n`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function renderGithub(comment: ReachComment): string {
  const lines = comment.changes.map((change) => {
    const { direction } = change;
    const command = comment.base === undefined ? 'notice' : (severities[direction] ?? 'warning');
    const name = plainLine(direction).replaceAll(/[,:%]/g, '-');
    return `::${command} title=reach ${name}::${escapeData(label(change))}`;
  });
  return `${[...lines, title(comment)].join('\n')}\n`;
}

function renderGitlab({ base, changes, path }: ReachComment): string {
  const issues = changes.map((change, index) => ({
    description: label(change),
    check_name: `reach-${plainLine(change.direction)}`,
    // Two alike in one report are two entries.
    fingerprint: createHash('sha256')
      .update(`${index} ${change.direction} ${label(change)}`)
      .digest('hex'),
    severity: base === undefined || severities[change.direction] === 'notice' ? 'info' : 'major',
    location: { path: path.replace(/^\.\//, ''), lines: { begin: 1 } },
  }));
  return `${JSON.stringify(issues, null, 2)}\n`;
}

const renderers: Readonly<Record<ReachCommentFormat, (comment: ReachComment) => string>> = {
  markdown: renderMarkdown,
  github: renderGithub,
  gitlab: renderGitlab,
};

export function renderReachComment(comment: ReachComment, format: ReachCommentFormat): string {
  return renderers[format](comment);
}
