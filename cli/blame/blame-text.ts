/** What `clrk blame` found, for people and for programs. Pure. */
import type { Since } from './culprit.ts';
import type { Commit } from './history.ts';
import type { Allowed } from './question.ts';
import type { Verdict } from './verdict.ts';

export interface Answered {
  readonly asked: Allowed;
  readonly verdict: Verdict;
}

function renderCommit({ first, isCut }: Since<Commit>): string {
  const { hash, date, author, subject } = first;
  const cut = isCut ? ' (or before: no older commit was looked at)' : '';
  return `${hash.slice(0, 12)}  ${date.slice(0, 10)}  ${author}: ${subject}${cut}`;
}

function rowsOf({ asked, verdict }: Answered): Array<readonly [string, string]> {
  const route = asked.route === undefined ? [] : [['allowed by', asked.route] as const];
  if (verdict.kind === 'uncommitted') {
    return [...route, ['policy', `${asked.digest}, of manifests that are not committed`]];
  }
  const { written, since } = verdict.route ?? {};
  return [
    ...route,
    ...(written === undefined || since === undefined
      ? []
      : [
          ['manifest', written.place] as const,
          ...(written.source === undefined ? [] : [['source', written.source] as const]),
          ['written', renderCommit(since)] as const,
        ]),
    ['policy', `${asked.digest} of EgressGateway/${verdict.gateway}`],
    ['in force', `since ${renderCommit(verdict.since)}`],
  ];
}

export function renderBlame(answers: readonly Answered[]): string {
  return answers
    .map((answered) => {
      const rows = rowsOf(answered).map(([title, value]) => `  ${title.padEnd(10)}  ${value}`);
      return [...answered.asked.calls, ...rows].join('\n');
    })
    .join('\n\n');
}

function commitFields({ first, isCut }: Since<Commit>): object {
  return { ...first, orBefore: isCut };
}

export function blameJson(answers: readonly Answered[]): string {
  const items = answers.map(({ asked, verdict }) => ({
    ...asked,
    committed: verdict.kind === 'committed',
    ...(verdict.kind === 'committed'
      ? {
          gateway: verdict.gateway,
          inForceSince: commitFields(verdict.since),
          ...(verdict.route === undefined
            ? {}
            : {
                manifest: verdict.route.written.place,
                source: verdict.route.written.source,
                writtenBy: commitFields(verdict.route.since),
              }),
        }
      : {}),
  }));
  return JSON.stringify(items, null, 2);
}
