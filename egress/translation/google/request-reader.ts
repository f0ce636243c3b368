/** A request of generateContent or streamGenerateContent into the form. Pure. */
import type { Result, WireRequest } from '../codec.ts';
import type { FormRequest, Message, TextPart } from '../form.ts';
import { Members } from '../members.ts';
import { Notes } from '../notes.ts';
import { readGeneration } from './generation-reader.ts';
import { PartReader } from './part-reader.ts';
import { readPlace } from './path.ts';
import { respell } from './spelling.ts';
import { readToolChoice, readTools } from './tool-reader.ts';

function readSystem(body: Members, notes: Notes): TextPart[] {
  const content = body.object('systemInstruction');
  if (content === undefined) return [];
  content.ignore('role');
  const parts = content.objects('parts').map((part): TextPart => {
    const text = part.text('text');
    if (text === undefined) notes.block(part.path, 'is not text');
    part.end();
    return { kind: 'text', text: text ?? '' };
  });
  content.end();
  return parts;
}

/** undefined: a role that nobody knows. Results of tools come in either of the last two. */
function roleOf(name: string): Message['role'] | undefined {
  if (name === 'model') return 'assistant';
  return name === 'user' || name === 'function' || name === 'tool' ? 'user' : undefined;
}

function readContents(body: Members, notes: Notes): Message[] {
  const reader = new PartReader(notes);
  return body.objects('contents').map((content) => {
    const role = roleOf(content.text('role') ?? 'user');
    if (role === undefined) notes.block(content.pathOf('role'), 'is no role that is known');
    const parts = content.objects('parts').flatMap((part) => reader.read(part) ?? []);
    content.end();
    return { role: role ?? 'user', parts };
  });
}

export function readGoogleRequest(request: WireRequest): Result<FormRequest> {
  const notes = new Notes();
  const place = readPlace(request.path);
  if (place === undefined) notes.block('path', 'is no chat of this API');
  const body = new Members(respell(request.body, notes), '', notes);
  body.refuse('names what Google alone has kept', 'cachedContent', 'continuationToken');
  body.refuse('is a guard that Google alone has', 'modelArmorConfig');
  body.ignore('model');
  const tools = readTools(body, notes);
  const read: FormRequest = {
    model: place?.model ?? '',
    stream: place?.stream ?? false,
    asksUsage: true,
    system: readSystem(body, notes),
    messages: readContents(body, notes),
    tools,
    toolChoice: readToolChoice(body, tools, notes),
    parallelToolCalls: undefined,
    ...readGeneration(body, notes),
    user: undefined,
  };
  body.end();
  return notes.resultOf(read);
}
