/**
 * Names of members as the API takes them: `systemInstruction` or `system_instruction`, which many examples write. They are made one
 * here, only where the API's own members stand: what users send (arguments, results, schemas) keeps its names. Pure.
 */
import { asObject, type JsonObject } from '../../providers/index.ts';
import type { Notes } from '../notes.ts';

interface Tree {
  readonly [name: string]: Tree;
}

const part: Tree = {
  inlineData: {},
  fileData: {},
  functionCall: {},
  functionResponse: { parts: { inlineData: {}, fileData: {} } },
};
const content: Tree = { parts: part };
/** Places where members of the API stand. */
const request: Tree = {
  systemInstruction: content,
  contents: content,
  tools: { functionDeclarations: {} },
  toolConfig: { functionCallingConfig: {} },
  generationConfig: { thinkingConfig: {} },
};

export function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function respellValue(value: unknown, tree: Tree, notes: Notes): unknown {
  if (Array.isArray(value)) return value.map((item) => respellObject(item, tree, notes));
  return respellObject(value, tree, notes);
}

function respellObject(value: unknown, tree: Tree, notes: Notes): unknown {
  const object = asObject(value);
  if (object === undefined) return value;
  const spelt = new Map<string, unknown>();
  for (const [name, member] of Object.entries(object)) {
    const known = camelCase(name);
    if (spelt.has(known)) notes.block(known, 'is there twice, in two spellings');
    const below = Object.hasOwn(tree, known) ? tree[known] : undefined;
    spelt.set(known, below === undefined ? member : respellValue(member, below, notes));
  }
  return Object.fromEntries(spelt);
}

export function respell(body: JsonObject, notes: Notes): JsonObject {
  return asObject(respellObject(body, request, notes)) ?? {};
}
