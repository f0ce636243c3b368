/**
 * The DER of an X.509 v3 certificate (RFC 5280), written with node-forge's ASN.1 writer and signed by node:crypto.
 * Apart from who asks for one (`ca.ts`, `leaf.ts`). forge's own pki is RSA only and a hundred times slower (toolchain).
 */
import { createHash, createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import forge from 'node-forge';

const { asn1 } = forge;
const { Class, Type } = asn1;
type Asn1 = forge.asn1.Asn1;

export interface CertificateFields {
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  readonly issuerKey: KeyObject;
  /** Public key of the issuer, for the authority key identifier. */
  readonly issuerPublicKey: KeyObject;
  readonly extensions: readonly Asn1[];
}

const oids = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  subjectKeyIdentifier: '2.5.29.14',
  authorityKeyIdentifier: '2.5.29.35',
} as const;

export const extendedKeyUsage = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

const node = (type: number, constructed: boolean, value: string | Asn1[]): Asn1 =>
  asn1.create(Class.UNIVERSAL, type, constructed, value);
const sequence = (value: Asn1[]): Asn1 => node(Type.SEQUENCE, true, value);
const oid = (text: string): Asn1 => node(Type.OID, false, asn1.oidToDer(text).getBytes());
const octets = (bytes: string): Asn1 => node(Type.OCTETSTRING, false, bytes);
const der = (value: Asn1): string => asn1.toDer(value).getBytes();

function name(commonName: string): Asn1 {
  const utf8 = forge.util.encodeUtf8(commonName);
  return sequence([node(Type.SET, true, [sequence([oid(oids.commonName), node(Type.UTF8, false, utf8)])])]);
}

/** RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050. */
function time(date: Date): Asn1 {
  return date.getUTCFullYear() < 2050
    ? node(Type.UTCTIME, false, asn1.dateToUtcTime(date))
    : node(Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date));
}

function extension(id: string, critical: boolean, value: Asn1): Asn1 {
  const flag = critical ? [node(Type.BOOLEAN, false, '\xff')] : [];
  return sequence([oid(id), ...flag, octets(der(value))]);
}

/** Path length 0: the CA signs leaves and no further CA. */
export function caConstraints(): Asn1 {
  const pathLength = node(Type.INTEGER, false, '\x00');
  return extension(oids.basicConstraints, true, sequence([node(Type.BOOLEAN, false, '\xff'), pathLength]));
}

export function leafConstraints(): Asn1 {
  return extension(oids.basicConstraints, true, sequence([]));
}

/** RFC 5280 4.2.1.3: keyCertSign|cRLSign (0x06, one unused bit) or digitalSignature (0x80, seven). */
export function keyUsage(kind: 'ca' | 'leaf'): Asn1 {
  return extension(oids.keyUsage, true, node(Type.BITSTRING, false, kind === 'ca' ? '\x01\x06' : '\x07\x80'));
}

export function extendedUsage(usages: readonly string[]): Asn1 {
  return extension(oids.extendedKeyUsage, false, sequence(usages.map(oid)));
}

// Present at run time, missing from the published types.
const addresses = forge.util as unknown as { bytesFromIP(ip: string): string | null };

function ipOctets(ip: string): string {
  if (isIPv4(ip)) return String.fromCharCode(...ip.split('.').map(Number));
  if (!isIPv6(ip)) throw new RangeError(`not an IP address: ${ip}`);
  const bytes = addresses.bytesFromIP(ip);
  if (bytes === null) throw new RangeError(`not an IP address: ${ip}`);
  return bytes;
}

/** RFC 5280 4.2.1.6: dNSName is context tag 2, uniformResourceIdentifier 6, iPAddress 7. */
export function subjectAltName(
  dnsNames: readonly string[],
  ips: readonly string[],
  uris: readonly string[] = [],
): Asn1 {
  return extension(
    oids.subjectAltName,
    false,
    sequence([
      ...dnsNames.map((dns) => asn1.create(Class.CONTEXT_SPECIFIC, 2, false, dns)),
      ...uris.map((uri) => asn1.create(Class.CONTEXT_SPECIFIC, 6, false, uri)),
      ...ips.map((ip) => asn1.create(Class.CONTEXT_SPECIFIC, 7, false, ipOctets(ip))),
    ]),
  );
}

function keyIdentifier(spki: Buffer): string {
  return createHash('sha256').update(spki).digest().subarray(0, 20).toString('latin1');
}

/** 16 random octets with the first bit clear and the second set: positive, never zero, never shorter. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('latin1');
}

function spkiOf(key: KeyObject): Buffer {
  return (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
}

/** The certificate as PEM, signed with ECDSA P-256 and SHA-256. */
export function signCertificate(fields: CertificateFields): string {
  const spki = spkiOf(fields.publicKey);
  const algorithm = sequence([oid(oids.ecdsaWithSha256)]);
  const authority = asn1.create(
    Class.CONTEXT_SPECIFIC,
    0,
    false,
    keyIdentifier(spkiOf(fields.issuerPublicKey)),
  );
  const tbs = sequence([
    asn1.create(Class.CONTEXT_SPECIFIC, 0, true, [node(Type.INTEGER, false, '\x02')]),
    node(Type.INTEGER, false, serialNumber()),
    algorithm,
    name(fields.issuer),
    sequence([time(fields.notBefore), time(fields.notAfter)]),
    name(fields.subject),
    asn1.fromDer(spki.toString('latin1')),
    asn1.create(Class.CONTEXT_SPECIFIC, 3, true, [
      sequence([
        ...fields.extensions,
        extension(oids.subjectKeyIdentifier, false, octets(keyIdentifier(spki))),
        extension(oids.authorityKeyIdentifier, false, sequence([authority])),
      ]),
    ]),
  ]);
  const signature = sign('sha256', Buffer.from(der(tbs), 'latin1'), fields.issuerKey);
  const certificate = sequence([
    tbs,
    algorithm,
    node(Type.BITSTRING, false, `\x00${signature.toString('latin1')}`),
  ]);
  const base64 = Buffer.from(der(certificate), 'latin1').toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
