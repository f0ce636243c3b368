/**
 * The arguments of a tool as a person sees them before they go: every value as it was written (a number is never rounded, no
 * name reordered), on one line, without what is named like a key. Pure; linear. It never shows what it cannot read whole.
 */
import { isSecretName } from './secret-name.ts';

const token = /"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s"{}[\],:]+/g;

/** `text` is valid JSON; undefined: it is not. */
export function showArguments(text: string): string | undefined {
  try {
    return render(text.match(token) ?? []);
  } catch {
    return undefined;
  }
}

function render(tokens: readonly string[]): string {
  const shown: string[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const each = tokens[at] ?? '';
    // Escapes are spelled out: a person reads letters.
    const said: unknown = each.startsWith('"') ? JSON.parse(each) : undefined;
    shown.push(said === undefined ? each : JSON.stringify(said));
    if (typeof said !== 'string' || tokens[at + 1] !== ':' || !isSecretName(said)) continue;
    shown.push(':', '"[left out]"');
    at = endOfValue(tokens, at + 2);
  }
  return shown.join('');
}

/** Where the value that begins at `from` has its last token. */
function endOfValue(tokens: readonly string[], from: number): number {
  let depth = 0;
  for (let at = from; at < tokens.length; at += 1) {
    const each = tokens[at];
    if (each === '{' || each === '[') depth += 1;
    if (each === '}' || each === ']') depth -= 1;
    if (depth <= 0) return at;
  }
  return tokens.length;
}
