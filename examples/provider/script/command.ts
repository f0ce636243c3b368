/** One line of a script. Apart from the script, which has many. Pure; a line that is no command is told as undefined. */
import { asObject } from '../json.ts';
import type { ScriptedUsage, Step, Style } from './index.ts';

type Reader = (found: readonly string[], step: Step) => Step | undefined;

const styles: readonly Style[] = ['crlf', 'comments', 'multiline', 'late usage', 'no done'];
const counts: Readonly<Record<string, keyof ScriptedUsage>> = {
  input: 'input',
  cached: 'cached',
  written: 'written',
  'written for an hour': 'hour',
  output: 'output',
  reasoning: 'reasoning',
};
const words: Readonly<Record<string, number>> = { once: 1, twice: 2 };

function joined(before: string | undefined, text: string): string {
  return before === undefined ? text : `${before}\n${text}`;
}

function readCall([, name = '', json = '']: readonly string[], step: Step): Step | undefined {
  try {
    const given = asObject(JSON.parse(json));
    return given && { ...step, calls: [...step.calls, { name, arguments: given }] };
  } catch {
    return undefined;
  }
}

function readCounts([, list = '']: readonly string[], step: Step): Step | undefined {
  const read = list.split(',').map((each) => /^\s*([a-z ]+) (\d{1,12})\s*$/.exec(each) ?? []);
  const told = read.map(([, name = '', number = '']) => [counts[name], Number(number)] as const);
  if (told.some(([name]) => name === undefined)) return undefined;
  return { ...step, count: { ...step.count, ...(Object.fromEntries(told) as ScriptedUsage) } };
}

function readFailure([, status = '', , often, after]: readonly string[], step: Step): Step {
  const times = often === undefined ? Infinity : (words[often] ?? Number.parseInt(often, 10));
  const retryAfter = after === undefined ? undefined : Number(after);
  return { ...step, fail: { status: Number(status), times, retryAfter } };
}

function readStyles([, list = '']: readonly string[], step: Step): Step | undefined {
  const named = list.split(',').map((each) => each.trim());
  const known = styles.filter((style) => named.includes(style));
  return known.length === named.length ? { ...step, styles: known } : undefined;
}

const commands: ReadonlyArray<readonly [RegExp, Reader]> = [
  [/^say (.+)$/, ([, text = ''], step) => ({ ...step, say: joined(step.say, text) })],
  [/^think (.+)$/, ([, text = ''], step) => ({ ...step, think: joined(step.think, text) })],
  [/^refuse (.+)$/, ([, text = ''], step) => ({ ...step, refuse: text })],
  [/^describe$/, (_found, step) => ({ ...step, describes: true })],
  [/^call tool ([\w.-]{1,128}) with (\{.*\})$/, readCall],
  [/^count (.+)$/, readCounts],
  [/^fail (\d{3})( (once|twice|\d{1,3} times))?(?: retry after (\d{1,4}))?$/, readFailure],
  [
    /^break(?: with (\d{3}))? after (\d{1,4})$/,
    ([, status = '529', pieces = ''], step) => ({
      ...step,
      breakAfter: { pieces: Number(pieces), status: Number(status) },
    }),
  ],
  [/^cut after (\d{1,4})$/, ([, events = ''], step) => ({ ...step, cutAfter: Number(events) })],
  [/^wait (\d{1,5}) ms$/, ([, ms = ''], step) => ({ ...step, waitMs: Number(ms) })],
  [/^pause (\d{1,5}) ms$/, ([, ms = ''], step) => ({ ...step, pauseMs: Number(ms) })],
  [/^write (.+)$/, readStyles],
];

/** The step with what the line adds to it. */
export function readCommand(line: string, step: Step): Step | undefined {
  for (const [pattern, read] of commands) {
    const found = pattern.exec(line);
    if (found !== null) return read(found, step);
  }
  return undefined;
}
