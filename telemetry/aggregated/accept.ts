/** In which form an answer is wanted, by the Accept header. Pure. Protobuf alone is refused: we speak JSON. */
import { ClrkError } from '../../contract/index.ts';

export type Form = 'object' | 'table' | 'metadata';

const maxChars = 4096;

interface Range {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const pairs = parameters.map((each): [string, string] => {
    const at = each.indexOf('=');
    return at < 0 ? [each, ''] : [each.slice(0, at), each.slice(at + 1)];
  });
  return { type: type.toLowerCase(), parameters: new Map(pairs) };
}

function formOf({ type, parameters }: Range): Form | undefined {
  if (!['application/json', 'application/*', '*/*'].includes(type)) return undefined;
  const as = parameters.get('as');
  if (as === undefined) return parameters.get('g') === undefined ? 'object' : undefined;
  if (parameters.get('g') !== 'meta.k8s.io' || parameters.get('v') !== 'v1') return undefined;
  if (as === 'Table') return 'table';
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'metadata' : undefined;
}

/** The first that we speak. Throws NOT_ACCEPTABLE. */
export function parseAccept(header: string | undefined): Form {
  if (header === undefined || header === '') return 'object';
  if (header.length > maxChars) throw new ClrkError('NOT_ACCEPTABLE', 'the Accept header is too long');
  for (const text of header.split(',')) {
    const form = formOf(parseRange(text));
    if (form !== undefined) return form;
  }
  throw new ClrkError(
    'NOT_ACCEPTABLE',
    'only the following media types are accepted: application/json, application/json;as=Table;g=meta.k8s.io;v=v1, application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  );
}
