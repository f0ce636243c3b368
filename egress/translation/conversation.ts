/**
 * A conversation as it is put together, or taken apart: neighbours of one role are one turn (APIs with items, or a message a result,
 * have many), and who looks for a call finds it by its id. Pure.
 */
import type { Message, Part, ToolCallPart } from './form.ts';

export function joinNeighbours(messages: readonly Message[]): Message[] {
  const joined: { role: Message['role']; parts: Part[] }[] = [];
  for (const { role, parts } of messages) {
    const last = joined.at(-1);
    // One by one: as arguments of one call, some 100,000 are too many for the stack.
    if (last?.role === role) for (const part of parts) last.parts.push(part);
    else joined.push({ role, parts: [...parts] });
  }
  return joined;
}

/** Every call of the conversation, in order. */
export function callsOf(messages: readonly Message[]): ToolCallPart[] {
  return messages.flatMap(({ parts }) => parts.filter((part) => part.kind === 'tool-call'));
}

/** The text of parts that are nothing else; undefined: there are others. */
export function plainText(parts: readonly Part[]): string | undefined {
  const texts = parts.map((part) => (part.kind === 'text' ? part.text : undefined));
  return texts.includes(undefined) ? undefined : texts.join('');
}
