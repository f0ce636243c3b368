/** Tools and how they are chosen, as the agent sent them, into the form. Pure. What Google carries out itself is refused. */
import type { JsonObject } from '../../providers/index.ts';
import type { Tool, ToolChoice } from '../form.ts';
import type { Members } from '../members.ts';
import type { Notes } from '../notes.ts';
import { jsonSchemaOf } from './schema.ts';

/** A schema in either of the two members for it. */
export function readSchema(
  owner: Members,
  names: { readonly json: string; readonly own: string },
  notes: Notes,
): JsonObject | undefined {
  const json = owner.json(names.json);
  const own = owner.json(names.own);
  if (own === undefined) return json;
  const converted = jsonSchemaOf(own);
  if (converted === undefined) notes.block(owner.pathOf(names.own), 'is nested too deep');
  return json ?? converted;
}

function readDeclaration(declared: Members, notes: Notes): Tool {
  const tool = {
    name: declared.text('name') ?? '',
    description: declared.text('description'),
    parameters: readSchema(declared, { json: 'parametersJsonSchema', own: 'parameters' }, notes),
    strict: undefined,
  };
  declared.end();
  return tool;
}

export function readTools(body: Members, notes: Notes): Tool[] {
  return body.objects('tools').flatMap((tool) => {
    const tools = tool.objects('functionDeclarations').map((declared) => readDeclaration(declared, notes));
    // Any other member is a tool too, also of a kind that nobody knows yet.
    for (const name of tool.rest()) notes.block(tool.pathOf(name), 'is a tool that Google alone carries out');
    return tools;
  });
}

function readNames(config: Members): string[] {
  return config.list('allowedFunctionNames').filter((name) => typeof name === 'string');
}

const modes: ReadonlyMap<string, ToolChoice> = new Map<string, ToolChoice>([
  ['NONE', { kind: 'none' }],
  ['ANY', { kind: 'any' }],
  ['AUTO', { kind: 'auto' }],
  ['MODE_UNSPECIFIED', { kind: 'auto' }],
  // The model is free to call, and calls are checked.
  ['VALIDATED', { kind: 'auto' }],
]);

function readMode(config: Members, tools: readonly Tool[], notes: Notes): ToolChoice | undefined {
  const mode = config.text('mode') ?? 'AUTO';
  const choice = modes.get(mode);
  if (choice === undefined) notes.block(config.pathOf('mode'), 'is no way of choosing that is known');
  if (mode === 'VALIDATED') notes.drop(config.pathOf('mode'));
  return choice && narrow(choice, config, { tools, notes });
}

/** With the names that may be called: one, or all there are. */
function narrow(
  choice: ToolChoice,
  config: Members,
  { tools, notes }: { readonly tools: readonly Tool[]; readonly notes: Notes },
): ToolChoice {
  const names = readNames(config);
  const [name] = names;
  if (name === undefined || choice.kind === 'none') return choice;
  if (choice.kind === 'any' && names.length === 1) return { kind: 'tool', name };
  const allowed = new Set(names);
  if (!tools.every((tool) => allowed.has(tool.name))) {
    notes.block(config.pathOf('allowedFunctionNames'), 'allows some of the tools, which other APIs cannot');
  }
  return choice;
}

export function readToolChoice(body: Members, tools: readonly Tool[], notes: Notes): ToolChoice | undefined {
  const config = body.object('toolConfig');
  const calling = config?.object('functionCallingConfig');
  const choice = calling && readMode(calling, tools, notes);
  calling?.end();
  config?.end();
  return choice;
}
