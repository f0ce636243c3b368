/** What `clrk blame` found, for people and for programs. Pure. */
import { mayHoldBefore, type Before, type Since } from './culprit.ts';
import type { Commit } from './history.ts';
import type { Allowed } from './question.ts';
import type { Verdict } from './verdict.ts';

export interface Answered {
  readonly asked: Allowed;
  readonly verdict: Verdict;
}

const beforeWords: Readonly<Record<Before, string>> = {
  other: '',
  none: '',
  'not-looked-at': ' (or before: no older commit was looked at)',
  unreadable: ' (or before: the commit ahead of it cannot be read whole)',
};

function renderCommit({ first, before }: Since<Commit>): string {
  const { hash, date, author, subject } = first;
  return `${hash.slice(0, 12)}  ${date.slice(0, 10)}  ${author}: ${subject}${beforeWords[before]}`;
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

function commitFields(since: Since<Commit>): object {
  return { ...since.first, orBefore: mayHoldBefore(since) };
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
