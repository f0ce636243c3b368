/**
 * `expect(reach(chart)).toReachOnly([...])` for vitest and jest, which take the same matchers. A list is what is reached, no
 * more and no less: one that names what nobody reaches would go on passing when the agent is cut off.
 */
import { problem } from './problem.ts';
import type { AgentWays, Reach } from './reach.ts';

/** What vitest and jest ask of a matcher. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

interface Comparison {
  /** Reached and not listed. */
  readonly more: readonly string[];
  /** Listed and not reached. */
  readonly less: readonly string[];
  /** All that is reached. */
  readonly reached: readonly string[];
}

const isSentence = (text: string): boolean => text.includes(' may reach ');
const saysNothing = (sentence: string): boolean => sentence.endsWith(' may reach nothing');

function compareSentences({ sentences }: Reach, listed: readonly string[]): Comparison {
  const reached = sentences.filter((sentence) => !saysNothing(sentence));
  const wanted = listed
    .map((text) => text.replaceAll(/\s+/g, ' ').trim())
    .filter((text) => !saysNothing(text));
  return {
    more: reached.filter((sentence) => !wanted.includes(sentence)),
    less: wanted.filter((sentence) => !reached.includes(sentence)),
    reached,
  };
}

interface Wanted {
  readonly text: string;
  /** Undefined: any. */
  readonly agent: string | undefined;
  readonly place: string;
}

/** `host:port`, or `agent -> host:port`. */
function parseWanted(text: string): Wanted {
  const [, agent, place = text] = /^(\S+) (?:->|→) (.+)$/.exec(text.trim()) ?? [];
  if (!/:(\*|\d+(-\d+)?)$/.test(place)) {
    const hint =
      'Write api.github.com:443, hello -> api.github.com:443, host:* for every port, or a sentence.';
    throw problem('REACH_LIST', `"${text}" is neither host:port nor a sentence of clrk reach`, hint);
  }
  return { text, agent, place: place.trim() };
}

const covers = ({ agent, place }: Wanted, ways: AgentWays, reached: string): boolean =>
  (agent === undefined || agent === ways.agent) && place === reached;

function comparePlaces({ agents }: Reach, listed: readonly string[]): Comparison {
  const wanted = listed.map(parseWanted);
  const several = agents.length > 1;
  const all = agents.flatMap((ways) => ways.places.map((place) => ({ ways, place })));
  const render = ({ ways, place }: (typeof all)[number]): string =>
    several ? `${ways.agent} -> ${place}` : place;
  return {
    more: all.filter(({ ways, place }) => !wanted.some((each) => covers(each, ways, place))).map(render),
    less: wanted
      .filter((each) => !all.some(({ ways, place }) => covers(each, ways, place)))
      .map(({ text }) => text),
    reached: all.map(render),
  };
}

function compare(received: Reach, listed: readonly string[]): Comparison {
  const sentences = listed.filter(isSentence).length;
  if (sentences > 0 && sentences < listed.length) {
    const hint = 'Sentences say more than host:port; write the whole list in one of the two.';
    throw problem('REACH_LIST', 'a list is of sentences or of host:port, not of both', hint);
  }
  return sentences > 0 ? compareSentences(received, listed) : comparePlaces(received, listed);
}

function block(title: string, lines: readonly string[], mark: string): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${mark} ${line}`)];
}

function explain(received: Reach, { more, less, reached }: Comparison): string {
  const names = received.agents.map(({ agent }) => agent).join(', ');
  return [
    `expect(reach(…)).toReachOnly([…]): ${names} ${more.length > 0 ? 'may reach more' : 'may reach less'} than the list`,
    ...block('reached, and not listed:', more, '+'),
    ...block('listed, and not reached:', less, '-'),
    ...(reached.length === 0 ? ['nothing is reached'] : block('all that is reached:', reached, ' ')),
    ...block('in sentences:', more.length === 0 ? [] : received.sentences, ' '),
  ].join('\n');
}

function isReach(value: unknown): value is Reach {
  return typeof value === 'object' && value !== null && 'agents' in value && 'sentences' in value;
}

/** For `expect.extend(reachMatchers)`. */
export const reachMatchers: {
  /** Passes when the list is all that is reached: sentences of `clrk reach`, or `host:port`, `agent -> host:port`. */
  readonly toReachOnly: (received: unknown, listed: readonly string[]) => MatcherResult;
} = {
  toReachOnly(received, listed) {
    if (!isReach(received)) {
      const hint = 'Write expect(reach(chart)).toReachOnly([...]).';
      throw problem('REACH_EXPECTED', 'toReachOnly is about what reach() returns', hint);
    }
    const comparison = compare(received, listed);
    const pass = comparison.more.length + comparison.less.length === 0;
    const message = (): string =>
      pass
        ? 'expect(reach(…)).not.toReachOnly([…]): the list is all that is reached'
        : explain(received, comparison);
    return { pass, message };
  },
};
