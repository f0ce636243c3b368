/** Who allowed it: the commit since which a policy is in force, and the one that wrote the route as it was in it. */
import { apiGroup } from '../../api/index.ts';
import { sinceWhen, type Since } from './culprit.ts';
import type { Commit, CommitList, Content, History, Written } from './history.ts';
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
  readonly commits: CommitList;
  readonly now: Content;
}

/** The newest commit of the run that comes to it, and the oldest. */
async function findPolicy(digest: string, { history, commits }: Search) {
  let newest: Commit | undefined;
  const since = await sinceWhen(commits, async (commit) => {
    const { gateways, isPartial } = await history.at(commit);
    if (!gateways.has(digest)) return isPartial ? undefined : false;
    newest ??= commit;
    return true;
  });
  return since && newest && { newest, since };
}

/** The object a record names, as it was in the newest commit of the run; undefined: it is not in these manifests. */
async function findRoute(
  route: string | undefined,
  newest: Commit,
  { history, commits, now }: Search,
): Promise<Committed['route']> {
  if (route === undefined) return undefined;
  const key = `${apiGroup}/${route}`;
  const written = (await history.at(newest)).objects.get(key);
  if (written === undefined) return undefined;
  const { list, isWhole } = commits;
  const older = { list: list.slice(list.indexOf(newest)), isWhole };
  const since = await sinceWhen(older, async (each) => {
    const { objects, isPartial } = await history.at(each);
    const found = objects.get(key);
    return found === undefined && isPartial ? undefined : found?.text === written.text;
  });
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
  const content = await search.history.at(newest);
  return {
    ...{ kind: 'committed', since, gateway: content.gateways.get(digest) ?? '' },
    route: await findRoute(route, newest, search),
  };
}
