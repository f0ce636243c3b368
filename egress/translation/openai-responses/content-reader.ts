/** Content of messages and of results, as the responses API has it in a request. Pure. */
import type { Media, Part } from '../form.ts';
import { mediaOfUrl } from '../media.ts';
import type { Members } from '../members.ts';
import type { Notes } from '../notes.ts';

function readImage(content: Members, notes: Notes): Part {
  content.refuse('names a file that OpenAI alone has', 'file_id');
  const url = content.text('image_url');
  if (url === undefined) notes.block(content.pathOf('image_url'), 'is missing');
  const detail = content.text('detail');
  return { kind: 'image', media: mediaOfUrl(url ?? ''), detail: detail === 'auto' ? undefined : detail };
}

function readFile(content: Members, notes: Notes): Part {
  content.refuse('names a file that OpenAI alone has', 'file_id');
  const data = content.text('file_data');
  const url = content.text('file_url');
  if (data === undefined && url === undefined) notes.block(content.path, 'is a file without bytes');
  // Bare Base64 is taken too, and is a PDF, which is all the API takes.
  const media: Media =
    data === undefined || data.startsWith('data:')
      ? mediaOfUrl(data ?? url ?? '')
      : { kind: 'base64', mediaType: 'application/pdf', data };
  return { kind: 'file', media, name: content.text('filename') };
}

function readOne(content: Members, notes: Notes): Part | undefined {
  const type = content.text('type') ?? '';
  switch (type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      content.ignore('annotations', 'logprobs');
      return { kind: 'text', text: content.text('text') ?? '' };
    case 'refusal':
      return { kind: 'refusal', text: content.text('refusal') ?? '' };
    case 'input_image':
      return readImage(content, notes);
    case 'input_file':
      return readFile(content, notes);
    default:
      notes.block(content.pathOf('type'), 'is of no kind that is translated');
      return undefined;
  }
}

/** A text, or a list of parts. */
export function readContent(owner: Members, name: string, notes: Notes): Part[] {
  const value = owner.any(name);
  if (typeof value === 'string') return [{ kind: 'text', text: value }];
  return owner.objects(name).flatMap((content) => {
    const part = readOne(content, notes);
    content.end();
    return part ?? [];
  });
}
