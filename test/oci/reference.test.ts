import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apiHost, parseReference, renderReference } from '../../oci/reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['alpine', 'docker.io/library/alpine:latest'],
  ['alpine:3.20', 'docker.io/library/alpine:3.20'],
  ['index.docker.io/alpine', 'docker.io/library/alpine:latest'],
  ['bitnami/redis', 'docker.io/bitnami/redis:latest'],
  ['localhost/x', 'localhost/x:latest'],
  ['localhost:5000/a/b:c', 'localhost:5000/a/b:c'],
  ['127.0.0.1:5100/hello:0.1.0', '127.0.0.1:5100/hello:0.1.0'],
  ['[::1]:5000/x', '[::1]:5000/x:latest'],
  [`ghcr.io/o/r@${digest}`, `ghcr.io/o/r@${digest}`],
  [`ghcr.io/o/r:t@${digest}`, `ghcr.io/o/r:t@${digest}`],
  ['oci-layout:/var/images', 'oci-layout:/var/images'],
  ['oci-layout:/var/images:localhost:5100/x:1', 'oci-layout:/var/images:localhost:5100/x:1'],
])('%s means %s', (text, full) => {
  expect(renderReference(parseReference(text))).toBe(full);
  expect(renderReference(parseReference(full))).toBe(full);
});

test.each([
  '',
  'Alpine',
  'a b',
  'a//b',
  '/a',
  'a/',
  'https://x/y',
  'x:',
  'x:-tag',
  'x@sha256:12',
  'x@md5:aa',
  `x:${'t'.repeat(129)}`,
  'x/../y',
  'x\ny',
  'host:port/x',
  'user@host/x',
  'oci-layout:relative',
  'oci-layout:/a\0b',
  'oci-layout:/a:',
  `h.io/${'a'.repeat(260)}`,
])('%j is refused', (text) => {
  expect(() => parseReference(text)).toThrowError(
    expect.objectContaining({ code: 'IMAGE_REFERENCE_INVALID' }),
  );
});

test('whatever parses can be put into a URL path as it is, and parses to itself', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'aA0./:@-_%?#\\ \n'.split('')), maxLength: 24 }),
      (text) => {
        let reference;
        try {
          reference = parseReference(text);
        } catch {
          return;
        }
        if (reference.kind !== 'registry') return;
        const path = `/v2/${reference.repository}/manifests/${reference.tag ?? reference.digest}`;
        expect(new URL(path, 'https://x').pathname).toBe(path);
        expect(renderReference(parseReference(renderReference(reference)))).toBe(renderReference(reference));
      },
    ),
    { numRuns: 2000 },
  );
});

test("Docker Hub's API has another name", () => {
  expect([apiHost('docker.io'), apiHost('ghcr.io')]).toEqual(['registry-1.docker.io', 'ghcr.io']);
});
