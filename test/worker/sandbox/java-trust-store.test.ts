import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderJavaTrustStore } from '../../../worker/sandbox/java-trust-store.ts';
import { makeCertificates } from '../test-certificates.ts';

const directory = mkdtempSync(join(tmpdir(), 'clrk-jks-'));
const { caPem } = makeCertificates(directory);
rmSync(directory, { recursive: true, force: true });

test('the entries are the certificates, and the digest is the one Java checks', () => {
  const store = renderJavaTrustStore([caPem, 'no certificate', caPem]);
  expect(store.readUInt32BE(0)).toBe(0xfeedfeed);
  expect(store.readUInt32BE(8)).toBe(2);
  expect(store.includes(new X509Certificate(caPem).raw)).toBe(true);
  const salted = Buffer.concat([
    Buffer.from('changeit', 'utf16le').swap16(),
    Buffer.from('Mighty Aphrodite'),
  ]);
  const body = store.subarray(0, -20);
  expect(store.subarray(-20)).toEqual(createHash('sha1').update(salted).update(body).digest());
  expect(renderJavaTrustStore([caPem])).toEqual(renderJavaTrustStore([caPem]));
});

test('Java reads it, with the password of every cacerts and without one', () => {
  const file = join(tmpdir(), `clrk-jks-${process.pid}`);
  writeFileSync(file, renderJavaTrustStore([caPem]));
  try {
    const fingerprint = new X509Certificate(caPem).fingerprint256;
    for (const more of [['-storepass', 'changeit'], []]) {
      const listed = execFileSync('keytool', ['-list', '-v', '-keystore', file, ...more], {
        encoding: 'utf8',
        input: '\n',
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      expect(listed).toContain('trustedCertEntry');
      expect(listed).toContain(fingerprint);
    }
  } finally {
    rmSync(file);
  }
});
