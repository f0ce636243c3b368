/** Certificates for tests by the openssl command: an independent second implementation beside `pki/`. */
import { execFileSync } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestCa {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

function inTemporaryDirectory<T>(use: (path: (name: string) => string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'clrk-test-ca-'));
  try {
    return use((name) => join(directory, name));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}

export function createTestCa(commonName: string): TestCa {
  return inTemporaryDirectory((path) => {
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', path('ec'));
    openssl('pkcs8', '-topk8', '-nocrypt', '-in', path('ec'), '-out', path('key'));
    openssl(
      'req',
      '-x509',
      '-new',
      '-key',
      path('key'),
      '-subj',
      `/CN=${commonName}`,
      '-days',
      '2',
      '-out',
      path('crt'),
    );
    return {
      certificatePem: readFileSync(path('crt'), 'utf8'),
      privateKeyPem: readFileSync(path('key'), 'utf8'),
    };
  });
}

/** A server certificate; `names` are DNS names or IPv4 addresses; `days` may be negative for an expired one. */
export function issueTestLeaf(
  ca: TestCa,
  names: readonly string[],
  options: {
    readonly keyPair?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
    readonly days?: number;
  } = {},
): TestCa {
  return inTemporaryDirectory((path) => {
    const own = options.keyPair?.privateKey.export({ type: 'pkcs8', format: 'pem' });
    if (own === undefined)
      openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', path('key'));
    else writeFileSync(path('key'), own);
    writeFileSync(path('ca'), ca.certificatePem);
    writeFileSync(path('ca.key'), ca.privateKeyPem);
    const san = names.map((name) => (/^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',');
    writeFileSync(path('ext'), `subjectAltName=${san}\nextendedKeyUsage=serverAuth\n`);
    openssl(
      'req',
      '-new',
      '-key',
      path('key'),
      '-subj',
      `/CN=${(names[0] ?? '').slice(0, 60)}`,
      '-out',
      path('csr'),
    );
    const days = String(options.days ?? 1);
    openssl(
      'x509',
      '-req',
      '-in',
      path('csr'),
      '-CA',
      path('ca'),
      '-CAkey',
      path('ca.key'),
      '-CAcreateserial',
      '-days',
      days,
      '-extfile',
      path('ext'),
      '-out',
      path('crt'),
    );
    return {
      certificatePem: readFileSync(path('crt'), 'utf8'),
      privateKeyPem: readFileSync(path('key'), 'utf8'),
    };
  });
}
