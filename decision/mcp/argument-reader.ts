/**
 * The arguments of a tool as a rule over them sees them: members and values that every server reads in one way (S46). Pure; linear. A
 * member twice, one that is nearly a member the rule names, a number that is rounded, half a character: the call is not judged.
 */
import type { RpcMessage } from '../rpc-message.ts';

export type ReadArguments =
  | {
      readonly kind: 'read';
      readonly members: ReadonlyMap<string, unknown>;
      readonly spellings: ReadonlySet<string>;
    }
  | { readonly kind: 'unreadable'; readonly why: string };

/** As servers that are lenient about names compare them: Java's has the Turkish i for an i. */
export function foldName(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().replaceAll('\u0307', '');
}

class Reading {
  readonly spellings = new Set<string>();
  members = 0;
  problem: string | undefined;

  value(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((each: unknown) => this.value(each));
    if (typeof value === 'object' && value !== null) return this.object(value);
    if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)
      this.problem ??= 'a number in them is larger than every server reads exactly';
    if (typeof value === 'string' && !value.isWellFormed()) this.problem ??= 'a text in them is no Unicode';
    return value;
  }

  object(value: object): Map<string, unknown> {
    return new Map(
      Object.entries(value).map(([name, each]) => {
        this.members += 1;
        this.spellings.add(name);
        return [name, this.value(each)];
      }),
    );
  }
}

/** How many members are written in a JSON text: texts before a colon. */
function countNames(text: string): number {
  let count = 0;
  let inText = false;
  let isName = false;
  for (let at = 0; at < text.length; at += 1) {
    const each = text[at];
    if (inText && each === '\\') at += 1;
    else if (each === '"') {
      inText = !inText;
      isName = !inText;
    } else if (!inText && each === ':' && isName) {
      count += 1;
      isName = false;
    }
  }
  return count;
}

function unreadable(why: string): ReadArguments {
  return { kind: 'unreadable', why };
}

function readText(text: string): ReadArguments {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable('they are no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return unreadable('they are no object');
  const reading = new Reading();
  const members = reading.object(value);
  if (countNames(text) !== reading.members) reading.problem ??= 'a member is there twice';
  const { problem, spellings } = reading;
  return problem === undefined ? { kind: 'read', members, spellings } : unreadable(problem);
}

/** Of a call of a tool; without any it has no members. */
export function readArguments({ arguments: written }: RpcMessage): ReadArguments {
  if (written === undefined) return { kind: 'read', members: new Map(), spellings: new Set() };
  const text = written === 'any' ? undefined : written.text;
  return text === undefined ? unreadable('they are too long') : readText(text);
}

/** A member that some servers take for one that is named, or for another beside it, and others do not. */
export function nearMember(spellings: ReadonlySet<string>, names: ReadonlySet<string>): string | undefined {
  const folded = new Set([...names].map(foldName));
  const near = [...spellings].filter((each) => folded.has(foldName(each)));
  const odd = near.find((each) => !names.has(each));
  // A text that the rule compares with may be another spelling of a member it reads.
  return (
    odd ?? near.find((each) => near.some((other) => other !== each && foldName(other) === foldName(each)))
  );
}
