/** Tools and how they are chosen, into the form. Pure. What OpenAI carries out itself is refused. */
import type { Tool, ToolChoice } from '../form.ts';
import type { Members } from '../members.ts';
import type { Notes } from '../notes.ts';

export function readTools(body: Members, notes: Notes): Tool[] {
  return body.objects('tools').flatMap((tool) => {
    if (tool.text('type') !== 'function') {
      notes.block(tool.pathOf('type'), 'is a tool that OpenAI alone has');
      return [];
    }
    const read: Tool = {
      name: tool.text('name') ?? '',
      description: tool.text('description'),
      parameters: tool.json('parameters'),
      strict: tool.flag('strict'),
    };
    tool.end();
    return [read];
  });
}

const words: ReadonlyMap<string, ToolChoice> = new Map<string, ToolChoice>([
  ['auto', { kind: 'auto' }],
  ['none', { kind: 'none' }],
  ['required', { kind: 'any' }],
]);

export function readToolChoice(body: Members, notes: Notes): ToolChoice | undefined {
  const value = body.any('tool_choice');
  if (value === undefined) return undefined;
  const word = typeof value === 'string' ? words.get(value) : undefined;
  if (word !== undefined) return word;
  const choice = typeof value === 'object' ? body.object('tool_choice') : undefined;
  const name = choice?.text('type') === 'function' ? choice.text('name') : undefined;
  if (name !== undefined) return { kind: 'tool', name };
  notes.block(body.pathOf('tool_choice'), 'is a choice that OpenAI alone has');
  return undefined;
}
