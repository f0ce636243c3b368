/**
 * Is a body of this type and coding understood? Otherwise 415, and what to send instead. Pure. A type that an upstream may
 * read in another way than we do is not understood, however similar it is to one that is (S46).
 */
import type { BodyWant } from './body-result.ts';
import { parseFieldText, type FieldText } from './media-type.ts';
import { unreadable, type Unreadable } from './unreadable.ts';

export interface BodyHead {
  /** The values of all fields of this name, in order. */
  readonly contentType: readonly string[];
  readonly contentEncoding: readonly string[];
  readonly want: BodyWant;
}

export type ContentCoding = 'gzip' | 'deflate' | 'br' | 'zstd';

export interface BodyForm {
  /** Undefined: the bytes are as they are. */
  readonly coding: ContentCoding | undefined;
  /** Of multipart/form-data; undefined: JSON. */
  readonly boundary: string | undefined;
}

// RFC 2046's, without the space; servers know no other spelling.
const plainBoundary = /^[0-9A-Za-z'()+_,./:=?-]{1,70}$/;

function refuseType(want: BodyWant): Unreadable {
  const send =
    want === 'form-model'
      ? '"multipart/form-data; boundary=…" with a plain boundary'
      : '"application/json" in UTF-8, with no other parameter than charset=utf-8';
  return unreadable('CONTENT_TYPE_UNSUPPORTED', `send one Content-Type: ${send}`);
}

function isUtf8Only(parameters: ReadonlyMap<string, string>, others: readonly string[]): boolean {
  const charset = parameters.get('charset')?.toLowerCase() ?? 'utf-8';
  const known = [...parameters.keys()].every((name) => name === 'charset' || others.includes(name));
  return known && (charset === 'utf-8' || charset === 'utf8');
}

function readType({ contentType, want }: BodyHead): Pick<BodyForm, 'boundary'> | Unreadable {
  const [text] = contentType;
  const type = text === undefined || contentType.length > 1 ? undefined : parseFieldText(text);
  const form = want === 'form-model' ? readFormType(type) : readJsonType(type);
  return form ?? refuseType(want);
}

function readJsonType(type: FieldText | undefined): Pick<BodyForm, 'boundary'> | undefined {
  // Not `+json`: a server that does not know such a type guesses what the bytes are.
  const isJson = type?.value === 'application/json' && isUtf8Only(type.parameters, []);
  return isJson ? { boundary: undefined } : undefined;
}

function readFormType(type: FieldText | undefined): Pick<BodyForm, 'boundary'> | undefined {
  const boundary = type?.parameters.get('boundary') ?? '';
  const isForm = type?.value === 'multipart/form-data' && isUtf8Only(type.parameters, ['boundary']);
  return isForm && plainBoundary.test(boundary) ? { boundary } : undefined;
}

function readCoding(
  values: readonly string[],
  codings: ReadonlySet<ContentCoding>,
): Pick<BodyForm, 'coding'> | Unreadable {
  const coding = values.length === 0 ? 'identity' : values.join(',').trim().toLowerCase();
  if (coding === 'identity') return { coding: undefined };
  const known = [...codings].find((each) => each === coding);
  if (known !== undefined) return { coding: known };
  const names = [...codings].join(', ');
  return unreadable(
    'CONTENT_ENCODING_UNSUPPORTED',
    `send the body without Content-Encoding, or with one of: ${names}`,
  );
}

/** `codings`: what can be decoded here. */
export function negotiateBody(head: BodyHead, codings: ReadonlySet<ContentCoding>): BodyForm | Unreadable {
  if (head.want === 'whole') return { coding: undefined, boundary: undefined };
  const type = readType(head);
  if ('kind' in type) return type;
  const coding = readCoding(head.contentEncoding, codings);
  return 'kind' in coding ? coding : { coding: coding.coding, boundary: type.boundary };
}
