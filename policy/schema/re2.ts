/**
 * RE2 patterns, which Kubernetes' `matches` takes, judged and run with JavaScript's engine: what RE2 refuses is refused
 * here in its words, what the two read differently is translated. Only rules of ours and text of manifests come here, on
 * a developer's machine; the gateway has its own engine.
 */
const maxRepeat = 1_000;
const escapes = /^[dDsSwWbBAzntrfvaxpPQEC0]$/;

/** How far one construct reaches, what it opens or closes, or what is wrong with it. */
interface Step {
  readonly next: number;
  readonly depth?: 1 | -1;
  readonly problem?: string;
}

/** Why RE2 refuses it, or undefined. */
export function problemOfRe2(pattern: string): string | undefined {
  let depth = 0;
  for (let at = 0; at < pattern.length;) {
    const step = stepAt(pattern, at);
    if (step.problem !== undefined) return step.problem;
    depth += step.depth ?? 0;
    if (depth < 0) return 'unexpected )';
    at = step.next;
  }
  return depth > 0 ? 'missing closing )' : undefined;
}

function stepAt(pattern: string, at: number): Step {
  switch (pattern.charAt(at)) {
    case '\\':
      return escape(pattern, at);
    case '[': {
      const end = endOfClass(pattern, at);
      return end < 0 ? { next: at + 1, problem: 'missing closing ]' } : { next: end + 1 };
    }
    case '(':
      return group(pattern.slice(at), at);
    case ')':
      return { next: at + 1, depth: -1 };
    case '{':
      return repeat(pattern.slice(at), at);
    default:
      return { next: at + 1 };
  }
}

function escape(pattern: string, at: number): Step {
  const next = pattern[at + 1] ?? '';
  if (next === '') return { next: at + 1, problem: 'trailing backslash at end of expression' };
  const known = !/\w/.test(next) || escapes.test(next);
  return known ? { next: at + 2 } : { next: at + 2, problem: `invalid escape sequence: \`\\${next}\`` };
}

function group(rest: string, at: number): Step {
  const flags = /^\(\?[imsU-]+\)/.exec(rest);
  if (flags !== null) return { next: at + flags[0].length };
  const special = rest.startsWith('(?') && !/^\(\?(?:[imsU-]*:|P?<[A-Za-z_]\w*>)/.test(rest);
  return special
    ? { next: at + 1, problem: 'invalid or unsupported Perl syntax' }
    : { next: at + 1, depth: 1 };
}

function repeat(rest: string, at: number): Step {
  const counts = /^\{(\d+)(?:,(\d*))?\}/.exec(rest) ?? [];
  const tooMany = [counts[1], counts[2]].some((count) => Number(count ?? 0) > maxRepeat);
  return tooMany ? { next: at + 1, problem: 'invalid repeat count' } : { next: at + 1 };
}

function endOfClass(pattern: string, start: number): number {
  const first = pattern[start + 1] === '^' ? start + 2 : start + 1;
  for (let at = first; at < pattern.length; at += 1) {
    if (pattern[at] === '\\') at += 1;
    else if (pattern[at] === ']' && at > first) return at;
  }
  return -1;
}

const compiled = new Map<string, RegExp>();
const maxCompiled = 1_024;

/** Throws with RE2's words for a pattern it refuses. */
export function matchesRe2(pattern: string, text: string): boolean {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    const problem = problemOfRe2(pattern);
    if (problem !== undefined) throw new Error(problem);
    expression = translate(pattern);
    if (compiled.size >= maxCompiled) compiled.clear();
    compiled.set(pattern, expression);
  }
  return expression.test(text);
}

function translate(pattern: string): RegExp {
  const [, flags = ''] = /^\(\?([ims]+)\)/.exec(pattern) ?? [];
  const body = pattern.slice(flags === '' ? 0 : flags.length + 3);
  const same = body.replaceAll('(?P<', '(?<').replaceAll('\\A', '^').replaceAll('\\z', '$');
  try {
    return new RegExp(same, flags);
  } catch {
    throw new Error('missing argument to repetition operator, or a construct this check does not know');
  }
}
