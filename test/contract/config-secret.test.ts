import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';
import { configSecretName, encodeConfig, maxConfigBytes, parseConfig } from '../../contract/config-secret.ts';
import { canonicalJson } from '../../contract/digest.ts';
import { ClrkError } from '../../contract/error.ts';

const schema = Type.Object({
  version: Type.Literal(1),
  digest: Type.String(),
  names: Type.Array(Type.String()),
});
interface Document {
  version: 1;
  digest: string;
  names: string[];
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof ClrkError ? error.code : String(error);
  }
  return 'nothing thrown';
}

describe('config secret', () => {
  test('a document survives the way, with its digest filled in', () => {
    const { document, bytes } = encodeConfig<Document>({ version: 1, names: ['a', 'b'] });
    expect(parseConfig(schema, bytes)).toEqual(document);
    expect(document.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('equal documents give equal bytes, whatever the order of their keys', () => {
    const one = encodeConfig<Document>({ version: 1, names: ['a'] });
    const two = encodeConfig<Document>(JSON.parse('{"names":["a"],"version":1}') as Omit<Document, 'digest'>);
    expect(one.bytes.equals(two.bytes)).toBe(true);
  });

  test('a document over the limit is refused with advice, not cut', () => {
    // Random bytes do not compress; as hex they halve.
    const names = [randomBytes(2 * maxConfigBytes).toString('hex')];
    expect(codeOf(() => encodeConfig<Document>({ version: 1, names }))).toBe('CONFIG_TOO_LARGE');
    expect(maxConfigBytes).toBe(921_600);
  });

  test.each([
    ['not gzip', Buffer.from('{}')],
    ['not JSON', gzipSync('{')],
    ['of another version', gzipSync('{"version":2,"digest":"","names":[]}')],
    ['without a field', gzipSync('{"version":1,"digest":""}')],
    ['of another digest', gzipSync('{"version":1,"digest":"sha256:00","names":[]}')],
    ['empty', Buffer.alloc(0)],
  ])('a document %s is refused', (_, bytes) => {
    expect(codeOf(() => parseConfig(schema, bytes))).toBe('CONFIG_INVALID');
  });

  test('a document changed on the way does not match its digest', () => {
    const { document } = encodeConfig<Document>({ version: 1, names: ['a'] });
    const changed = gzipSync(canonicalJson({ ...document, names: ['b'] }));
    expect(codeOf(() => parseConfig(schema, changed))).toBe('CONFIG_INVALID');
  });

  test('S31: a compression bomb is refused before it fills the memory', () => {
    // Valid in every other way: only its size when inflated is wrong.
    const { bytes } = encodeConfig<Document>({ version: 1, names: ['a'.repeat(70 * 1024 * 1024)] });
    expect(bytes.length).toBeLessThan(maxConfigBytes);
    expect(codeOf(() => parseConfig(schema, bytes))).toBe('CONFIG_INVALID');
  });

  test('names of the Secrets', () => {
    expect([configSecretName.gateway('g'), configSecretName.pool('p'), configSecretName.ingress()]).toEqual([
      'clrk-egress-config-g',
      'clrk-pool-config-p',
      'clrk-ingress-settings',
    ]);
  });
});
