/** Messages of Anthropic's API as turns, and what is wrong with them. Pure. */
import { mediaOfData, turnOf, type Media, type ToolOutput, type Turn } from '../ask.ts';
import { asObject, asObjects, asString, contentText, type JsonObject } from '../json.ts';
import { signatureOf } from '../tokens.ts';

function mediaOf(block: JsonObject): Media | undefined {
  const type = block['type'];
  if (type !== 'image' && type !== 'document') return undefined;
  const kind = type === 'image' ? 'image' : 'file';
  const source = asObject(block['source']) ?? {};
  const mediaType = asString(source['media_type']);
  if (source['type'] === 'url')
    return { kind, mediaType: undefined, bytes: undefined, url: asString(source['url']) ?? '' };
  return mediaOfData(kind, mediaType, asString(source['data']) ?? '');
}

function resultOf(block: JsonObject): ToolOutput {
  return {
    id: asString(block['tool_use_id']),
    name: undefined,
    text: contentText(block['content']),
    isError: block['is_error'] === true,
  };
}

function blocksOf(content: unknown): readonly JsonObject[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : asObjects(content);
}

/** The blocks of neighbours of one role are one turn's. */
export function readTurn(message: JsonObject): Turn {
  const blocks = blocksOf(message['content']);
  const ofType = (type: string): readonly JsonObject[] => blocks.filter((block) => block['type'] === type);
  return turnOf(message['role'] === 'assistant' ? 'assistant' : 'user', {
    text: contentText(ofType('text')),
    calls: ofType('tool_use').map((block) => ({
      id: asString(block['id']),
      name: asString(block['name']) ?? '',
    })),
    results: ofType('tool_result').map(resultOf),
    media: blocks.flatMap((block) => mediaOf(block) ?? []),
  });
}

function isForged(block: JsonObject): boolean {
  return (
    block['type'] === 'thinking' && block['signature'] !== signatureOf(asString(block['thinking']) ?? '')
  );
}

function blockProblem(block: JsonObject, place: string): string | undefined {
  if (block['type'] === 'text' && block['text'] === '')
    return `${place}: text content blocks must be non-empty`;
  if (isForged(block)) return `${place}: Invalid \`signature\` in \`thinking\` block`;
  if (block['type'] === 'tool_use' && !/^[\w-]+$/.test(asString(block['id']) ?? ''))
    return `${place}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`;
  return undefined;
}

function contentProblem(messages: readonly JsonObject[]): string | undefined {
  for (const [index, message] of messages.entries()) {
    const problems = blocksOf(message['content']).map((block, at) =>
      blockProblem(block, `messages.${index}.content.${at}`),
    );
    const [problem] = problems.filter((each) => each !== undefined);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Every call is answered in the very next turn, and nothing else is. */
function pairProblem(turns: readonly Turn[]): string | undefined {
  for (const [index, turn] of turns.entries()) {
    const asked = turns[index - 1]?.calls.map(({ id }) => id) ?? [];
    const strange = turn.results.find(({ id }) => !asked.includes(id));
    if (strange !== undefined)
      return `messages.${index}.content.0: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${strange.id ?? ''}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`;
    const told = new Set(turn.results.map(({ id }) => id));
    const open = asked.find((id) => !told.has(id));
    if (open !== undefined)
      return `messages.${index - 1}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open}.`;
  }
  return undefined;
}

/** Neighbours of one role count as one message. */
function joined(messages: readonly JsonObject[]): readonly JsonObject[] {
  const all: Array<{ role: unknown; content: readonly JsonObject[] }> = [];
  for (const { role, content } of messages) {
    const last = all.at(-1);
    if (last !== undefined && last.role === role) last.content = [...last.content, ...blocksOf(content)];
    else all.push({ role, content: blocksOf(content) });
  }
  return all;
}

/** The conversation, or what is wrong with it. */
export function readTurns(messages: readonly JsonObject[]): readonly Turn[] | string {
  if (messages.length === 0) return 'messages: at least one message is required';
  if (messages[0]?.['role'] !== 'user') return 'messages: first message must use the "user" role';
  const strange = messages.find(({ role }) => role !== 'user' && role !== 'assistant');
  if (strange !== undefined)
    return `messages: Unexpected role "${String(strange['role'])}". The Messages API accepts a top-level \`system\` parameter, not "system" as an input message role.`;
  const turns = joined(messages).map(readTurn);
  return contentProblem(messages) ?? pairProblem(turns) ?? turns;
}
