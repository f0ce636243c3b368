/**
 * Host names, cut into classes within which no rule can tell two names apart: each name somebody wrote, what is left of
 * each wildcard, and every other name. One of each class stands for all of it when the decision function is asked.
 */
import { parseHostname, type Hostname, type HostnamePattern } from '../../contract/index.ts';

export type NameClass =
  | { readonly kind: 'name'; readonly name: Hostname; readonly probe: Hostname }
  | { readonly kind: 'wildcard'; readonly pattern: HostnamePattern; readonly probe: Hostname }
  | { readonly kind: 'others'; readonly probe: Hostname };

const letters = Array.from('abcdefghijklmnopqrstuvwxyz0123456789');
const labels = letters.flatMap((first) => ['', ...letters].map((second) => first + second));

/** The pattern that would take this name, by its first dot. */
export function wildcardOf(name: string): string | undefined {
  const dot = name.indexOf('.');
  return dot < 1 ? undefined : `*${name.slice(dot)}`;
}

/** A name directly below `suffix` that nobody wrote; undefined when the suffix is too long to have one, or all are taken. */
function unnamed(suffix: string, written: ReadonlySet<string>): Hostname | undefined {
  for (const label of labels) {
    const name = parseHostname(`${label}.${suffix}`);
    if (name !== undefined && !written.has(name)) return name;
  }
  return undefined;
}

export function classifyNames(patterns: readonly HostnamePattern[]): NameClass[] {
  const written = new Set<string>(patterns);
  const classes = [...written].sort().flatMap((text): NameClass[] => {
    if (text.startsWith('*.')) {
      const probe = unnamed(text.slice(2), written);
      return probe === undefined ? [] : [{ kind: 'wildcard', pattern: text as HostnamePattern, probe }];
    }
    const name = parseHostname(text);
    return name === undefined ? [] : [{ kind: 'name', name, probe: name }];
  });
  // RFC 6761: nobody has a name below `invalid`; no pattern can be `*.invalid`, a wildcard needs two labels after it.
  const other = unnamed('invalid', written);
  return other === undefined ? classes : [...classes, { kind: 'others', probe: other }];
}

/** Which names: those of `names`, of `wildcards` and of everything else, each without its exceptions. */
export interface NameSet {
  readonly names: readonly string[];
  readonly wildcards: ReadonlyArray<{ readonly pattern: string; readonly except: readonly string[] }>;
  /** Absent: only what is named above. */
  readonly others?: { readonly except: readonly string[] };
}

function textOf(each: NameClass): string {
  return each.kind === 'name' ? each.name : each.kind === 'wildcard' ? each.pattern : '';
}

/** Says `chosen` in the fewest words: what a wider class takes in anyway is not named again. */
export function describeNames(all: readonly NameClass[], chosen: ReadonlySet<NameClass>): NameSet {
  const inside = new Set([...chosen].map(textOf));
  const others = inside.has('');
  const isOpenAround = (name: string): boolean => {
    const wildcard = wildcardOf(name);
    const known = wildcard !== undefined && all.some((each) => textOf(each) === wildcard);
    return known ? inside.has(wildcard) : others;
  };
  const written = all.filter((each) => each.kind !== 'others').map(textOf);
  const exact = written.filter((text) => !text.startsWith('*.'));
  const wild = written.filter((text) => text.startsWith('*.'));
  const exceptions = exact.filter((name) => !inside.has(name) && isOpenAround(name));
  return {
    names: exact.filter((name) => inside.has(name) && !isOpenAround(name)),
    wildcards: others
      ? []
      : wild
          .filter((pattern) => inside.has(pattern))
          .map((pattern) => ({
            pattern,
            except: exceptions.filter((name) => wildcardOf(name) === pattern),
          })),
    ...(others
      ? { others: { except: [...wild.filter((pattern) => !inside.has(pattern)), ...exceptions] } }
      : {}),
  };
}
