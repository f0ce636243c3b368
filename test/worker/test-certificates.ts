/** Certificates for tests, by openssl: a CA, a server leaf `worker.clrk.internal` and a client leaf. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TestCertificates {
  readonly caPem: string;
  readonly server: { readonly certificatePem: string; readonly privateKeyPem: string };
  readonly client: { readonly certificatePem: string; readonly privateKeyPem: string };
}

function openssl(directory: string, args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
}

const keyArgs = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export function makeCertificates(directory: string): TestCertificates {
  openssl(directory, [
    'req',
    '-x509',
    ...keyArgs,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=test ca',
    '-days',
    '2',
  ]);
  const leaf = (name: string, extension: string): { certificatePem: string; privateKeyPem: string } => {
    openssl(directory, [
      'req',
      ...keyArgs,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    ]);
    writeFileSync(join(directory, `${name}.ext`), extension);
    openssl(directory, [
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-out', `${name}.pem`, '-days', '2', '-extfile', `${name}.ext`],
    ]);
    return {
      certificatePem: readFileSync(join(directory, `${name}.pem`), 'utf8'),
      privateKeyPem: readFileSync(join(directory, `${name}.key`), 'utf8'),
    };
  };
  return {
    caPem: readFileSync(join(directory, 'ca.pem'), 'utf8'),
    server: leaf('server', 'subjectAltName=DNS:worker.clrk.internal\nextendedKeyUsage=serverAuth\n'),
    client: leaf('client', 'subjectAltName=URI:clrk://ingress\nextendedKeyUsage=clientAuth\n'),
  };
}
