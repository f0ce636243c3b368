import { createPublicKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { checkServerIdentity, connect, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { createCa, issueLeaf } from '../../pki/index.ts';

const hour = 3_600_000;
const ca = createCa({ commonName: 'test CA', years: 10 });
const caCertificate = new X509Certificate(ca.certificatePem);

function leaf(part: Partial<Parameters<typeof issueLeaf>[0]> = {}) {
  return issueLeaf({
    ca,
    commonName: 'worker.clrk.internal',
    dnsNames: ['worker.clrk.internal'],
    ips: ['127.0.0.1'],
    ttlMs: hour,
    usage: 'server',
    ...part,
  });
}

/** A handshake over a real socket: what the client thinks of the server, and whether the server took the client. */
async function handshake(
  server: { certificatePem: string; privateKeyPem: string },
  client: {
    trust: string;
    servername: string;
    certificate?: { certificatePem: string; privateKeyPem: string };
  },
): Promise<string> {
  const listener = createServer({
    cert: server.certificatePem,
    key: server.privateKeyPem,
    ...(client.certificate === undefined
      ? {}
      : { ca: ca.certificatePem, requestCert: true, rejectUnauthorized: true }),
  });
  listener.on('tlsClientError', () => undefined);
  listener.on('secureConnection', (socket: TLSSocket) => socket.end('ok'));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  try {
    const socket = connect({
      host: '127.0.0.1',
      port: (listener.address() as AddressInfo).port,
      ca: client.trust,
      servername: client.servername,
      checkServerIdentity,
      ...(client.certificate === undefined
        ? {}
        : { cert: client.certificate.certificatePem, key: client.certificate.privateKeyPem }),
    });
    return await new Promise<string>((resolve) => {
      let said = '';
      socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.on('close', () => resolve(said));
    });
  } finally {
    listener.close();
  }
}

describe('createCa', () => {
  test('is a P-256 CA of the asked life, signed by itself', () => {
    expect(caCertificate.ca).toBe(true);
    expect(caCertificate.subject).toContain('CN=test CA');
    expect(caCertificate.verify(caCertificate.publicKey)).toBe(true);
    expect(caCertificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
    const years = (Date.parse(caCertificate.validTo) - Date.now()) / (365.25 * 24 * hour);
    expect(years).toBeGreaterThan(9.9);
    expect(years).toBeLessThan(10.1);
  });

  test('the private key is the certificate’s, and no two are alike', () => {
    const fromPrivate = createPublicKey(ca.privateKeyPem).export({ type: 'spki', format: 'der' });
    expect(fromPrivate.equals(caCertificate.publicKey.export({ type: 'spki', format: 'der' }))).toBe(true);
    expect(createCa({ commonName: 'test CA', years: 1 }).privateKeyPem).not.toBe(ca.privateKeyPem);
  });
});

describe('issueLeaf', () => {
  test('is signed by the CA, no CA itself, for exactly the names asked, and ends when asked', () => {
    const certificate = new X509Certificate(
      leaf({ dnsNames: ['a.test', 'b.test'], ips: ['192.0.2.7'] }).certificatePem,
    );
    expect(certificate.verify(caCertificate.publicKey)).toBe(true);
    expect(certificate.checkIssued(caCertificate)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.subjectAltName).toBe('DNS:a.test, DNS:b.test, IP Address:192.0.2.7');
    const left = Date.parse(certificate.validTo) - Date.now();
    expect(left).toBeGreaterThan(0.9 * hour);
    expect(left).toBeLessThanOrEqual(hour + 2_000);
    expect(Date.parse(certificate.validFrom)).toBeLessThanOrEqual(Date.now());
  });

  test('serial numbers are positive and differ', () => {
    const serials = Array.from(
      { length: 200 },
      () => new X509Certificate(leaf().certificatePem).serialNumber,
    );
    expect(new Set(serials).size).toBe(serials.length);
    // A first octet of 80 and up would be a negative number (RFC 5280 4.1.2.2) unless padded; 20 octets at most.
    for (const serial of serials) expect(serial.length).toBeLessThanOrEqual(40);
  });

  test('a real handshake by name and by address', async () => {
    expect(await handshake(leaf(), { trust: ca.certificatePem, servername: 'worker.clrk.internal' })).toBe(
      'ok',
    );
  });

  test('S27: another name, another CA, an expired leaf: refused by the client', async () => {
    const trust = ca.certificatePem;
    expect(await handshake(leaf(), { trust, servername: 'other.test' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    const stranger = createCa({ commonName: 'test CA', years: 1 });
    expect(
      await handshake(leaf(), { trust: stranger.certificatePem, servername: 'worker.clrk.internal' }),
    ).toMatch(/SIGNATURE|ISSUER|VERIFY|SELF_SIGNED/);
    const expired = leaf({ ttlMs: -hour });
    expect(await handshake(expired, { trust, servername: 'worker.clrk.internal' })).toBe('CERT_HAS_EXPIRED');
  });

  test('S51: mutual TLS takes a client leaf, and neither a server leaf nor one of another CA', async () => {
    const server = leaf({ usage: 'both' });
    const client = (certificate: ReturnType<typeof leaf>) => ({
      trust: ca.certificatePem,
      servername: 'worker.clrk.internal',
      certificate,
    });
    expect(await handshake(server, client(leaf({ usage: 'client', dnsNames: [], ips: [] })))).toBe('ok');
    expect(await handshake(server, client(leaf({ usage: 'server' })))).not.toBe('ok');
    const stranger = createCa({ commonName: 'test CA', years: 1 });
    expect(await handshake(server, client(leaf({ ca: stranger, usage: 'client' })))).not.toBe('ok');
  });
});
