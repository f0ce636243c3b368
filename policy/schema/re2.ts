/**
 * RE2 patterns, which Kubernetes' `matches` takes, judged and run with JavaScript's engine: what RE2 refuses is refused
 * here in its words, what the two read differently is translated. Only rules of ours and text of manifests come here, on
 * a developer's machine; the gateway has its own engine.
 */
const maxRepeat = 1_000;
const escapes = /^[dDsSwWbBAzntrfvaxpPQEC0]$/;

/** Why RE2 refuses it, or undefined. */
export function problemOfRe2(pattern: string): string | undefined {
  let groups = 0;
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at] ?? '';
    if (character === '\\') {
      const next = pattern[at + 1] ?? '';
      if (next === '') return 'trailing backslash at end of expression';
      if (/\w/.test(next) && !escapes.test(next)) return `invalid escape sequence: \`\\${next}\``;
      at += 1;
    } else if (character === '[') {
      const end = endOfClass(pattern, at);
      if (end < 0) return 'missing closing ]';
      at = end;
    } else if (character === '(') {
      groups += 1;
      if (/^\(\?(?![imsU-]*[:)]|P?<[A-Za-z_]\w*>)/.test(pattern.slice(at)))
        return 'invalid or unsupported Perl syntax';
      if (/^\(\?[imsU-]+\)/.test(pattern.slice(at))) groups -= 1;
      if (/^\(\?[imsU-]+\)/.test(pattern.slice(at))) at = pattern.indexOf(')', at);
    } else if (character === ')') {
      groups -= 1;
      if (groups < 0) return 'unexpected )';
    } else if (character === '{') {
      const repeat = /^\{(\d+)(?:,(\d*))?\}/.exec(pattern.slice(at));
      if (repeat !== null && [repeat[1], repeat[2]].some((count) => Number(count ?? 0) > maxRepeat)) {
        return 'invalid repeat count';
      }
    }
  }
  return groups > 0 ? 'missing closing )' : undefined;
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
