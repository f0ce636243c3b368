/**
 * The head of one part of multipart/form-data, read strictly: which field of the form is it? A head that servers read in
 * different ways is no head. Pure, linear.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { parseFieldText, type FieldText } from './media-type.ts';
import { foldName } from './wanted.ts';

export interface PartHead {
  readonly name: string;
  readonly isFile: boolean;
  /** `type/subtype` and no more. */
  readonly contentType: string;
}

/** RFC 7578 (4.8) knows the first three; the others are what clients add. A field nobody knows is a slip or a trap. */
const knownFields: ReadonlySet<string> = new Set([
  'content-disposition',
  'content-type',
  'content-transfer-encoding',
  'content-length',
  'content-id',
  'content-md5',
  'mime-version',
]);
// No folding, no space before the colon, no control characters (a lone CR or LF among them).
const fieldLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00-\x08\x0a-\x1f\x7f]*)$/;
/** A percent sign or a backslash in a name is an escape to some. */
const plainName = /^[^%\\\x00-\x1f\x7f]*$/;
const identities: ReadonlySet<string> = new Set(['binary', '8bit', '7bit']);
const dispositionParameters: ReadonlySet<string> = new Set(['name', 'filename', 'filename*']);

/** Without the blank line. Undefined: a field is repeated, malformed or unknown. */
function readFields(text: string): ReadonlyMap<string, string> | undefined {
  const lines = text.split('\r\n');
  const fields = new Map<string, string>();
  if (lines.length > knownFields.size) return undefined;
  for (const line of lines) {
    const [, name, value] = fieldLine.exec(line) ?? [];
    const key = name?.toLowerCase();
    if (key === undefined || value === undefined || !knownFields.has(key) || fields.has(key))
      return undefined;
    fields.set(key, value.trim());
  }
  return fields;
}

/** A file's name that a careless parser would split into parameters. */
function looksLikeParameters(filename: string): boolean {
  return filename.includes(';') && filename.toLowerCase().includes('name');
}

function readDisposition(text: string | undefined): FieldText | undefined {
  const disposition = text === undefined ? undefined : parseFieldText(text);
  if (disposition?.value !== 'form-data') return undefined;
  const { parameters } = disposition;
  const known = [...parameters.keys()].every((name) => dispositionParameters.has(name));
  const named = plainName.test(parameters.get('name') ?? '\\');
  return known && named && !looksLikeParameters(parameters.get('filename') ?? '') ? disposition : undefined;
}

/** Undefined: a type that holds other parts, or is none. */
function readType(written: string | undefined): string | undefined {
  const type = parseFieldText(written ?? 'text/plain');
  if (type === undefined || type.value.startsWith('multipart/')) return undefined;
  const charset = type.parameters.get('charset')?.toLowerCase() ?? 'utf-8';
  return type.value.startsWith('text/') && charset !== 'utf-8' ? undefined : type.value;
}

function isAsItIs(encoding: string | undefined): boolean {
  return encoding === undefined || identities.has(encoding.toLowerCase());
}

export function parsePartHead(bytes: Buffer): PartHead | undefined {
  const fields = isUtf8(bytes) ? readFields(bytes.toString('utf8')) : undefined;
  const disposition = readDisposition(fields?.get('content-disposition'));
  const contentType = readType(fields?.get('content-type'));
  const isPlain = isAsItIs(fields?.get('content-transfer-encoding'));
  if (disposition === undefined || contentType === undefined || !isPlain) return undefined;
  const { parameters } = disposition;
  const isFile = parameters.has('filename') || parameters.has('filename*');
  return { name: parameters.get('name') ?? '', isFile, contentType };
}

/** The field some servers take it for: `Model`, `model[]`, `model.x` and `model: ` are `model` to them. */
export function fieldOf(name: string): string {
  return foldName(name.trim().split(/[^\p{L}\p{N}_-]/u, 1)[0] ?? '');
}
