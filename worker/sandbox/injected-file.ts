/**
 * What the platform adds to every image: name resolution and the gateways' CA where programs look for roots. Pure.
 * The CA replaces the public roots on purpose: a sandbox can only ever meet certificates of its gateways.
 */
import { renderJavaTrustStore } from './java-trust-store.ts';

export interface InjectedFile {
  readonly path: string;
  readonly content: string | Buffer;
  /** `replace`: also behind a symbolic link; `bundle`: only real files, and where none exists. */
  readonly mode: 'replace' | 'if-missing' | 'bundle-if-present' | 'bundle-always';
}

/** Where the environment variables point, and where Debian, Alpine and Go look first. */
export const caBundlePath = '/etc/ssl/certs/ca-certificates.crt';
/** Fedora/RHEL, its extracted store, and OpenSSL/Alpine. */
const otherBundles = [
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Debian's, and where javaOptions point. */
const javaTrustStorePath = '/etc/ssl/certs/java/cacerts';
/** Fedora/RHEL, Temurin, and those of Java's own images. */
const otherJavaStores = [
  '/etc/pki/java/cacerts',
  '/etc/pki/ca-trust/extracted/java/cacerts',
  '/opt/java/openjdk/lib/security/cacerts',
];

/** In the JVM of the image, for a program that overrides JAVA_TOOL_OPTIONS. */
function javaStoresOf(env: readonly string[]): readonly string[] {
  const home = env.findLast((line) => line.startsWith('JAVA_HOME='))?.slice('JAVA_HOME='.length) ?? '';
  if (!home.startsWith('/')) return otherJavaStores;
  return [...otherJavaStores, `${home}/lib/security/cacerts`, `${home}/jre/lib/security/cacerts`];
}

/** Any address works: the wall redirects UDP 53. Link-local, so that it can never be someone's real resolver. */
const resolverIp = '169.254.169.253';

/** `env`: the image's own environment. */
export function injectedFiles(
  caPems: readonly string[],
  env: readonly string[] = [],
): readonly InjectedFile[] {
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
  const javaStore = renderJavaTrustStore(caPems);
  return [
    ...network,
    { path: caBundlePath, content: bundle, mode: 'bundle-always' },
    { path: javaTrustStorePath, content: javaStore, mode: 'bundle-always' },
    ...javaStoresOf(env).map((path) => ({ path, content: javaStore, mode: 'bundle-if-present' }) as const),
    ...otherBundles.map((path) => ({ path, content: bundle, mode: 'bundle-if-present' }) as const),
  ];
}

/** Each reads one bundle and replaces its own roots with it, but for Node and Deno, which add it. */
const bundleVariables = [
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'NODE_EXTRA_CA_CERTS',
  'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH',
  'DENO_CERT',
  'CARGO_HTTP_CAINFO',
  'PIP_CERT',
  'AWS_CA_BUNDLE',
  'NIX_SSL_CERT_FILE',
  'HTTPLIB2_CA_CERTS',
];

export const trustEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  bundleVariables.map((name) => [name, caBundlePath]),
);

/** A JVM looks nowhere else than in its own store, wherever that is in the image. */
export const javaOptions = `-Djavax.net.ssl.trustStore=${javaTrustStorePath}`;
