/**
 * Certificates as a Java key store (JKS), the one form that every JVM since Java 8 reads as a trust store without being told
 * its type or a password. Pure; the same certificates give the same bytes. It never holds a key.
 */
import { createHash, X509Certificate } from 'node:crypto';

// sun.security.provider.JavaKeyStore: magic, version, and the tag of an entry that is a trusted certificate.
const magic = 0xfeedfeed;
const version = 2;
const trustedCertificate = 2;
/** The password of every cacerts there is, and the word the digest is salted with. */
const password = 'changeit';
const salt = 'Mighty Aphrodite';

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

/** DataOutput.writeUTF of ASCII. */
function utf(text: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([length, Buffer.from(text, 'latin1')]);
}

function certificates(pems: readonly string[]): readonly Buffer[] {
  const blocks = pems.join('\n').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((pem) => {
    try {
      return [new X509Certificate(pem).raw];
    } catch {
      // What no one can read is no trust anchor; the PEM bundle carries it on as it is.
      return [];
    }
  });
}

export function renderJavaTrustStore(pems: readonly string[]): Buffer {
  const entries = certificates(pems).map((raw, index) =>
    Buffer.concat([
      uint32(trustedCertificate),
      utf(`clrk-${index}`),
      Buffer.alloc(8), // When it was added: no store depends on it, and the bytes stay the same.
      utf('X.509'),
      uint32(raw.length),
      raw,
    ]),
  );
  const body = Buffer.concat([uint32(magic), uint32(version), uint32(entries.length), ...entries]);
  const key = Buffer.from(password, 'utf16le').swap16();
  const digest = createHash('sha1').update(key).update(salt).update(body).digest();
  return Buffer.concat([body, digest]);
}
