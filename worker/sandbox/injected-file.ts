/**
 * What the platform adds to every image: name resolution and the gateways' CA where programs look for roots. Pure.
 * The CA replaces the public roots on purpose: a sandbox can only ever meet certificates of its gateways.
 */
export interface InjectedFile {
  readonly path: string;
  readonly content: string;
  /** `replace`: also behind a symbolic link; `bundle`: only real files, and where none exists. */
  readonly mode: 'replace' | 'if-missing' | 'bundle-if-present' | 'bundle-always';
}

/** Where the environment variables point, and where Debian, Alpine and Go look first. */
export const caBundlePath = '/etc/ssl/certs/ca-certificates.crt';
/** Fedora/RHEL, its extracted store, and OpenSSL/Alpine (reference/clrk.md e). */
const otherBundles = [
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Any address works: the wall redirects UDP 53. Link-local, so that it can never be someone's real resolver. */
const resolverIp = '169.254.169.253';

export function injectedFiles(caPems: readonly string[]): readonly InjectedFile[] {
  const bundle = caPems.map((pem) => `${pem.trim()}\n`).join('');
  const network: readonly InjectedFile[] = [
    {
      path: '/etc/resolv.conf',
      content: `nameserver ${resolverIp}\noptions timeout:2 attempts:1\n`,
      mode: 'replace',
    },
    { path: '/etc/hosts', content: '127.0.0.1 localhost\n::1 localhost\n', mode: 'replace' },
    { path: '/etc/nsswitch.conf', content: 'hosts: files dns\n', mode: 'if-missing' },
  ];
  if (bundle === '') return network;
  return [
    ...network,
    { path: caBundlePath, content: bundle, mode: 'bundle-always' },
    ...otherBundles.map((path) => ({ path, content: bundle, mode: 'bundle-if-present' }) as const),
  ];
}

export const trustEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO', 'NODE_EXTRA_CA_CERTS'].map(
    (name) => [name, caBundlePath],
  ),
);
