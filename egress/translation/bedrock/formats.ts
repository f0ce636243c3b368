/** Formats of media: Bedrock has short names where others have media types. Pure. */

const images: ReadonlyMap<string, string> = new Map([
  ['png', 'image/png'],
  ['jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
]);
const documents: ReadonlyMap<string, string> = new Map([
  ['pdf', 'application/pdf'],
  ['csv', 'text/csv'],
  ['doc', 'application/msword'],
  ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['xls', 'application/vnd.ms-excel'],
  ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['html', 'text/html'],
  ['txt', 'text/plain'],
  ['md', 'text/markdown'],
]);
const sounds: ReadonlyMap<string, string> = new Map([
  ['mp3', 'audio/mpeg'],
  ['wav', 'audio/wav'],
  ['flac', 'audio/flac'],
  ['ogg', 'audio/ogg'],
  ['aac', 'audio/aac'],
  ['opus', 'audio/opus'],
]);

export type MediaFamily = 'image' | 'document' | 'audio';
const families: Readonly<Record<MediaFamily, ReadonlyMap<string, string>>> = {
  image: images,
  document: documents,
  audio: sounds,
};

/** undefined: no format that is known. */
export function mediaTypeOf(family: MediaFamily, format: string): string | undefined {
  return families[family].get(format);
}

export function formatOf(family: MediaFamily, mediaType: string): string | undefined {
  const plain = mediaType.toLowerCase().replace('image/jpg', 'image/jpeg');
  return [...families[family]].find(([, type]) => type === plain)?.[0];
}
