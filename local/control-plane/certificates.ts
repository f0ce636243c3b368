/**
 * The control plane's keys and certificates below `$CLRK_HOME/pki` (0600). Authorities and the service-account key are
 * made once and kept, so that kubeconfigs and tokens stay valid; leaves are issued anew at every start, so that none
 * can expire in a directory that lies idle.
 */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCa, issueLeaf } from '../../pki/index.ts';
import { writePrivateFile } from '../private-file.ts';

// One year: far beyond any single run; the next start issues new ones.
const leafTtlMs = 365 * 24 * 60 * 60 * 1000;
const caYears = 10;

export interface ControlPlaneCertificates {
  readonly caPem: string;
  readonly folder: string;
  /** The platform's own CA: the operator finds it in the Secret that `dev/install.ts` makes of it. */
  readonly platformCa: { readonly certificatePem: string; readonly privateKeyPem: string };
  readonly kubelet: { readonly certificatePem: string; readonly privateKeyPem: string };
  /** Path of `<name>.crt` or `<name>.key` below the folder. */
  readonly path: (file: string) => string;
}

interface Pair {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Common name the kubelet endpoint asks for: only the API server has this certificate. */
export const kubeletClientName = 'kube-apiserver-kubelet-client';

/** The authority of this name below `folder`, made on first use. */
export function keptCa(folder: string, name: string): Pair {
  const certificate = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  if (existsSync(certificate) && existsSync(key)) {
    return { certificatePem: readFileSync(certificate, 'utf8'), privateKeyPem: readFileSync(key, 'utf8') };
  }
  const ca = createCa({ commonName: `clrk-dev ${name}`, years: caYears });
  writePrivateFile(key, ca.privateKeyPem);
  writePrivateFile(certificate, ca.certificatePem);
  return ca;
}

function keepServiceAccountKey(folder: string): void {
  const path = join(folder, 'sa.key');
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writePrivateFile(path, privateKey.export({ type: 'sec1', format: 'pem' }));
  }
  const publicKey = createPublicKey(readFileSync(path, 'utf8'));
  writePrivateFile(join(folder, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
}

export interface CertificateNames {
  /** First address of the service range: the `kubernetes` Service. */
  readonly apiServiceAddress: string;
  readonly nodeAddress: string;
}

export function provideCertificates(folder: string, names: CertificateNames): ControlPlaneCertificates {
  const ca = keptCa(folder, 'ca');
  const frontProxyCa = keptCa(folder, 'front-proxy-ca');
  const platformCa = keptCa(folder, 'platform-ca');
  keepServiceAccountKey(folder);
  const issue = (name: string, issuer: Pair, usage: 'server' | 'client' | 'both', hosts: Hosts): Pair => {
    const leaf = issueLeaf({
      ca: issuer,
      commonName: hosts.commonName ?? name,
      dnsNames: hosts.dnsNames ?? [],
      ips: hosts.ips ?? [],
      ttlMs: leafTtlMs,
      usage,
    });
    writePrivateFile(join(folder, `${name}.key`), leaf.privateKeyPem);
    writePrivateFile(join(folder, `${name}.crt`), leaf.certificatePem);
    return leaf;
  };
  const local: Hosts = { dnsNames: ['localhost'], ips: ['127.0.0.1'] };
  const service = 'kubernetes.default.svc';
  issue('apiserver', ca, 'server', {
    dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', service, `${service}.cluster.local`],
    ips: ['127.0.0.1', names.apiServiceAddress],
  });
  issue('etcd', ca, 'both', local);
  issue('etcd-client', ca, 'client', {});
  issue('controller-manager', ca, 'server', local);
  issue('kubelet-client', ca, 'client', { commonName: kubeletClientName });
  issue('front-proxy-client', frontProxyCa, 'client', {});
  issue('nats', platformCa, 'server', { ips: ['127.0.0.1'] });
  const kubelet = issue('kubelet', ca, 'server', { dnsNames: ['localhost'], ips: [names.nodeAddress] });
  return { caPem: ca.certificatePem, folder, platformCa, kubelet, path: (file) => join(folder, file) };
}

interface Hosts {
  readonly commonName?: string;
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
}
