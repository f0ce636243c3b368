/** Who allowed it: the commit since which a policy is in force, and the one that wrote the route as it was in it. */
import { apiGroup } from '../../api/index.ts';
import { sinceWhen, type Since } from './culprit.ts';
import type { Commit, Content, History, Written } from './history.ts';
import type { Allowed } from './question.ts';

/** Of the folder as it is, where nothing is committed that comes to it. */
export interface Uncommitted {
  readonly kind: 'uncommitted';
}

export interface Committed {
  readonly kind: 'committed';
  /** `namespace/name`. */
  readonly gateway: string;
  readonly since: Since<Commit>;
  readonly route: { readonly written: Written; readonly since: Since<Commit> } | undefined;
}

export type Verdict = Uncommitted | Committed;

interface Search {
  readonly history: History;
  readonly commits: readonly Commit[];
  readonly now: Content;
}

/** The newest commit of the run that comes to it, and the oldest. */
async function findPolicy(digest: string, { history, commits }: Search) {
  let newest = -1;
  const since = await sinceWhen(commits.keys(), async (at) => {
    const holds = (await history.at(commits[at] as Commit)).gateways.has(digest);
    if (holds && newest < 0) newest = at;
    return holds;
  });
  if (since === undefined) return undefined;
  return { newest, since: { first: commits[since.first] as Commit, isCut: since.isCut } };
}

/** The object a record names, as it was in the newest commit of the run; undefined: it is not in these manifests. */
async function findRoute(
  route: string | undefined,
  newest: number,
  { history, commits, now }: Search,
): Promise<Committed['route']> {
  if (route === undefined) return undefined;
  const key = `${apiGroup}/${route}`;
  const textAt = async (commit: Commit) => (await history.at(commit)).objects.get(key);
  const written = await textAt(commits[newest] as Commit);
  if (written === undefined) return undefined;
  const older = commits.slice(newest);
  const since = await sinceWhen(older, async (each) => (await textAt(each))?.text === written.text);
  const current = now.objects.get(key);
  // A note of synth is about the tree as it is.
  const source = current?.text === written.text ? current.source : undefined;
  return since && { written: { ...written, source }, since };
}

/** undefined: no commit that was seen comes to this policy. */
export async function judge(
  { digest, route }: Pick<Allowed, 'digest' | 'route'>,
  search: Search,
): Promise<Verdict | undefined> {
  const found = await findPolicy(digest, search);
  if (found === undefined) {
    return search.now.gateways.has(digest) ? { kind: 'uncommitted' } : undefined;
  }
  const { newest, since } = found;
  const content = await search.history.at(search.commits[newest] as Commit);
  return {
    ...{ kind: 'committed', since, gateway: content.gateways.get(digest) ?? '' },
    route: await findRoute(route, newest, search),
  };
}
