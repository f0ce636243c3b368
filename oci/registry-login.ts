/**
 * Which logins of a pool's pull secrets are for an image: hosts and paths as the kubelet matches them. Apart because it
 * decides who is given a password. A path is matched by whole components, so that one organization's login is never
 * another's whose name begins alike.
 */
import type { PoolConfig } from '../contract/index.ts';
import type { PullOptions, RegistryCredentials } from './image.ts';
import { parseReference, registryName } from './reference.ts';

/** Each label of its host may be a glob (`*`, `?`, `[a-z]`), which never crosses a dot. */
export type RegistryLogin = PoolConfig['registries'][number];

/** A DNS label is no longer. */
const maxLabelLength = 63;
/** A class for each character, and some. */
const maxPatternLength = 255;

/** One character of a class such as `[a-z0-9]` or `[^a]`; `body` is what stands between the brackets. */
function isInClass(body: string, char: string): boolean {
  const negated = body.startsWith('^');
  const set = negated ? body.slice(1) : body;
  let found = false;
  for (let at = 0; at < set.length; at++) {
    const first = set[at] ?? '';
    const last = set[at + 1] === '-' && at + 2 < set.length ? (set[at + 2] ?? '') : first;
    if (last !== first) at += 2;
    found ||= char >= first && char <= last;
  }
  return found !== negated;
}

type GlobStep = '*' | ((char: string) => boolean);

/** Undefined: it is no pattern, and matches nothing. */
function parseGlob(pattern: string): readonly GlobStep[] | undefined {
  const steps: GlobStep[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? '';
    if (char === '*') steps.push('*');
    else if (char === '?') steps.push(() => true);
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end === -1) return undefined;
      const body = pattern.slice(at + 1, end);
      steps.push((each) => isInClass(body, each));
      at = end;
    } else steps.push((each) => each === char);
  }
  return steps;
}

/** All the places in the pattern at once: length times length, whatever the pattern. */
function labelMatches(pattern: string, label: string): boolean {
  if (label.length > maxLabelLength || pattern.length > maxPatternLength) return false;
  const steps = parseGlob(pattern);
  if (steps === undefined) return false;
  let places = new Set<number>();
  const enter = (into: Set<number>, place: number): void => {
    if (into.has(place)) return;
    into.add(place);
    if (steps[place] === '*') enter(into, place + 1);
  };
  enter(places, 0);
  for (const char of label) {
    const next = new Set<number>();
    for (const place of places) {
      const step = steps[place];
      if (step === '*') enter(next, place);
      else if (step?.(char) === true) enter(next, place + 1);
    }
    places = next;
  }
  return places.has(steps.length);
}

/** Docker Hub by any of its names is one registry. */
function hostMatches(pattern: string, host: string): boolean {
  const [wanted, given] = [registryName(pattern.toLowerCase()), registryName(host.toLowerCase())];
  if (wanted === given) return true;
  const [patternName = '', patternPort] = wanted.split(/:(?=\d*$)/);
  const [name = '', port] = given.split(/:(?=\d*$)/);
  const patternLabels = patternName.split('.');
  const labels = name.split('.');
  if (patternPort !== port || patternLabels.length !== labels.length) return false;
  return patternLabels.every((each, index) => labelMatches(each, labels[index] ?? ''));
}

function pathMatches(path: string | undefined, repository: string): boolean {
  return path === undefined || repository === path || repository.startsWith(`${path}/`);
}

function credentialsOf(login: RegistryLogin): RegistryCredentials | undefined {
  const { username, password, identityToken } = login;
  if (identityToken === undefined && (username === undefined || password === undefined)) return undefined;
  return {
    username: username ?? '',
    password: password ?? '',
    ...(identityToken === undefined ? {} : { identityToken }),
  };
}

/** How a reference is pulled: the longest path first, hosts before globs, then in the order given. Throws IMAGE_REFERENCE_INVALID. */
export function registryAccess(
  text: string,
  logins: readonly RegistryLogin[],
): Pick<PullOptions, 'plainHttp' | 'credentials' | 'otherCredentials'> {
  const reference = parseReference(text);
  if (reference.kind === 'layout') return {};
  const { host, repository } = reference;
  const matching = logins
    .filter((each) => hostMatches(each.host, host) && pathMatches(each.path, repository))
    .map((login) => ({
      login,
      isGlob: registryName(login.host.toLowerCase()) !== registryName(host.toLowerCase()),
    }))
    .sort(
      (a, b) =>
        (b.login.path?.length ?? 0) - (a.login.path?.length ?? 0) || Number(a.isGlob) - Number(b.isGlob),
    );
  const found = matching.flatMap(({ login }) => credentialsOf(login) ?? []);
  const distinct = [...new Map(found.map((each) => [JSON.stringify(each), each])).values()];
  const [credentials, ...otherCredentials] = distinct;
  // A glob never says that a registry is spoken to in the clear.
  const isPlain = matching.some(({ login, isGlob }) => login.plainHttp && !isGlob);
  return {
    ...(isPlain ? { plainHttp: true } : {}),
    ...(credentials === undefined ? {} : { credentials }),
    ...(otherCredentials.length === 0 ? {} : { otherCredentials }),
  };
}
