/** Media in the shapes that more than one API has: data URLs and the types of sounds. Pure; nothing is fetched or decoded. */
import type { Media } from './form.ts';

const dataUrl = /^data:([^;,]{1,127})(?:;[^;,]{1,127})*;base64,/;

/** What an API takes as a URL: the bytes that a data URL holds, or a place to fetch from. */
export function mediaOfUrl(url: string): Media {
  const found = dataUrl.exec(url.slice(0, 1_024));
  if (found === null) return { kind: 'url', url, mediaType: undefined };
  return { kind: 'base64', mediaType: found[1] ?? '', data: url.slice(found[0].length) };
}

export function urlOfMedia(media: Media): string {
  return media.kind === 'url' ? media.url : `data:${media.mediaType};base64,${media.data}`;
}

const soundTypes: ReadonlyMap<string, string> = new Map([
  ['wav', 'audio/wav'],
  ['mp3', 'audio/mpeg'],
  ['flac', 'audio/flac'],
  ['opus', 'audio/opus'],
  ['aac', 'audio/aac'],
]);
const soundFormats: ReadonlyMap<string, string> = new Map([
  ...[...soundTypes].map(([format, type]) => [type, format] as const),
  ['audio/x-wav', 'wav'],
  ['audio/mp3', 'mp3'],
]);

/** Of OpenAI's short name; one nobody knows is a subtype. */
export function soundType(format: string): string {
  return soundTypes.get(format) ?? `audio/${format}`;
}

/** undefined: a sound that has none. */
export function soundFormat(mediaType: string): string | undefined {
  return soundFormats.get(mediaType.toLowerCase());
}
