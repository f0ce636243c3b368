/** A throw-away CA and leaves by openssl, so that these tests stand on nothing of ours. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Pair {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

function openssl(directory: string, args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
}

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function read(directory: string, name: string): Pair {
  return {
    certificatePem: readFileSync(join(directory, `${name}.pem`), 'utf8'),
    privateKeyPem: readFileSync(join(directory, `${name}.key`), 'utf8'),
  };
}

/** `leaves`: common names, which are their DNS names too; `uris`: more names of some. */
export function makeCertificates<N extends string>(
  leaves: readonly N[],
  uris: { readonly [K in N]?: string } = {},
): { ca: Pair } & Record<N, Pair> {
  const directory = mkdtempSync(join(tmpdir(), 'clrk-test-pki-'));
  try {
    openssl(directory, [
      'req',
      '-x509',
      ...key,
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '2',
      '-subj',
      '/CN=ca',
    ]);
    const pairs = leaves.map((name) => {
      openssl(directory, [
        'req',
        ...key,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        `/CN=${name}`,
      ]);
      writeFileSync(
        join(directory, `${name}.ext`),
        `subjectAltName=DNS:${name}${uris[name] === undefined ? '' : `,URI:${uris[name]}`}\n`,
      );
      openssl(directory, [
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-out',
        `${name}.pem`,
        '-days',
        '2',
        '-extfile',
        `${name}.ext`,
      ]);
      return [name, read(directory, name)] as const;
    });
    return { ca: read(directory, 'ca'), ...Object.fromEntries(pairs) } as { ca: Pair } & Record<N, Pair>;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
