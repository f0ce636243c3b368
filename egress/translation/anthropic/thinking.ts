/**
 * How much a Claude model may think, by its name: the way to say it has changed from version to version, and models refuse the ways
 * of others. Pure. Thinking is left out where the conversation, or what else the call asks for, would make the API refuse it.
 */
import type { JsonObject } from '../../providers/index.ts';
import { effortOf, effortTokens } from '../effort.ts';
import type { FormRequest, Message, Part, Thinking } from '../form.ts';
import type { Members } from '../members.ts';
import type { Notes } from '../notes.ts';
import { ownSignature } from '../signature.ts';

interface Model {
  /** `adaptive`: by effort. `budget`: in tokens. */
  readonly thinks: 'not' | 'budget' | 'adaptive';
  /** It refuses temperature, top_p and top_k. */
  readonly samples: boolean;
}

const versions = /(?:opus|sonnet|haiku|fable|mythos)-(\d{1,2})(?:[-.](\d{1,2})(?!\d))?|claude-(\d)[-.](\d)/;

export function modelOf(name: string): Model {
  const [, major, minor, oldMajor, oldMinor] = versions.exec(name) ?? [];
  const version = Number(oldMajor ?? major ?? 0) * 100 + Number(oldMinor ?? minor ?? 0);
  if (version < 307) return { thinks: 'not', samples: true };
  return { thinks: version < 406 ? 'budget' : 'adaptive', samples: version < 407 };
}

/** As a request says it; `adaptive`: it leaves it to the model. Undefined: in a way nobody knows. */
export function readThinking(thinking: Members): Thinking | 'adaptive' | undefined {
  const type = thinking.text('type');
  const tokens = thinking.number('budget_tokens');
  thinking.ignore('display');
  thinking.end();
  if (type === 'disabled') return { kind: 'off' };
  if (type === 'enabled' && tokens !== undefined) return { kind: 'budget', tokens };
  return type === 'adaptive' ? type : undefined;
}

/** The API's least. */
const leastBudget = 1_024;

type Wanted = Exclude<Thinking, { kind: 'off' }>;

/** There is nothing below low. */
function writeEffort(thinking: Wanted): string {
  const effort = effortOf(thinking);
  return effort === 'minimal' ? 'low' : effort;
}

/** A turn with calls must begin with what was thought before it, which only Anthropic can have signed. */
function lacksThought(messages: readonly Message[]): boolean {
  const last = messages.findLast(({ role }) => role === 'assistant')?.parts ?? [];
  const hasCalls = last.some(({ kind }) => kind === 'tool-call');
  const isSigned = (part: Part): boolean =>
    part.kind === 'thinking' && ownSignature('claude', part.signature ?? part.redacted) !== undefined;
  return hasCalls && !last.some(isSigned);
}

function isForced({ toolChoice }: FormRequest): boolean {
  return toolChoice?.kind === 'any' || toolChoice?.kind === 'tool';
}

export interface WrittenThinking {
  readonly thinking: JsonObject | undefined;
  readonly effort: string | undefined;
  /** To be added to the limit of an answer that names none. */
  readonly extraTokens: number;
}

const nothing: WrittenThinking = { thinking: undefined, effort: undefined, extraTokens: 0 };

function writeBudget(wanted: Wanted, { maxOutputTokens }: FormRequest, notes: Notes): WrittenThinking {
  const asked = Math.max(leastBudget, wanted.kind === 'budget' ? wanted.tokens : effortTokens[wanted.effort]);
  const room = maxOutputTokens === undefined ? asked : Math.min(asked, maxOutputTokens - 1);
  if (room < leastBudget) {
    notes.drop('thinking');
    return nothing;
  }
  return { thinking: { type: 'enabled', budget_tokens: room }, effort: undefined, extraTokens: room };
}

export function writeThinking(request: FormRequest, notes: Notes): WrittenThinking {
  const { thinking, model, messages } = request;
  if (thinking === undefined || thinking.kind === 'off') return nothing;
  const { thinks } = modelOf(model);
  if (thinks === 'not' || lacksThought(messages) || isForced(request)) {
    notes.drop('thinking');
    return nothing;
  }
  if (thinks === 'budget') return writeBudget(thinking, request, notes);
  return { thinking: { type: 'adaptive' }, effort: writeEffort(thinking), extraTokens: 0 };
}
