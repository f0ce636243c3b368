/**
 * The pinned tool binaries: one table, read by `bin/bootstrap.mjs` before `npm ci` has run (so plain JavaScript
 * without dependencies) and by `local/`. Versions change here and, together, in `modules/<module>/go.mod`.
 * It must never name a floating version.
 */

/** @typedef {{ url: string, sum: string, sumKind: 'sha256' | 'sha512', archive?: string }} Download */
/**
 * @typedef {object} Tool
 * @property {string} name
 * @property {string} version
 * @property {string[]} [versionArgs] how to ask it; absent: it does not say, so only our cache is trusted
 * @property {string} module folder below `modules/`
 * @property {string} goPackage
 * @property {string} ldflags
 * @property {(arch: string) => Download} download `archive` is the member of a .tar.gz to take
 */

const kubernetesVersion = '1.34.2';
// What `kubectl version` and the API server's /version report comes from the linker.
const kubernetesFlags = [
  `-X k8s.io/component-base/version.gitVersion=v${kubernetesVersion}`,
  '-X k8s.io/component-base/version.gitMajor=1',
  '-X k8s.io/component-base/version.gitMinor=34',
  `-X k8s.io/client-go/pkg/version.gitVersion=v${kubernetesVersion}`,
].join(' ');

/** @param {string} name @param {string[]} [versionArgs] @returns {Tool} */
function kubernetesTool(name, versionArgs) {
  return {
    name,
    version: kubernetesVersion,
    ...(versionArgs === undefined ? {} : { versionArgs }),
    module: 'kubernetes',
    goPackage: `k8s.io/kubernetes/cmd/${name}`,
    ldflags: kubernetesFlags,
    download: (arch) => {
      const url = `https://dl.k8s.io/v${kubernetesVersion}/bin/linux/${arch}/${name}`;
      return { url, sum: `${url}.sha256`, sumKind: 'sha256' };
    },
  };
}

/** @param {string} repository @param {string} version @param {string} file @param {string} sums */
function release(repository, version, file, sums) {
  const base = `https://github.com/${repository}/releases/download/v${version}`;
  return { url: `${base}/${file}`, sum: `${base}/${sums}` };
}

/** Longest to build first, so that a cold start spends its cores well. @type {readonly Tool[]} */
export const toolTable = [
  kubernetesTool('kube-apiserver', ['--version']),
  kubernetesTool('kube-controller-manager', ['--version']),
  kubernetesTool('kubectl', ['version', '--client']),
  {
    name: 'runsc',
    version: '20260224.0',
    // No versionArgs: a build from the Go module carries no version, and distributions' runsc is years old.
    module: 'gvisor',
    goPackage: 'gvisor.dev/gvisor/runsc',
    ldflags: '',
    download: (arch) => {
      const machine = arch === 'amd64' ? 'x86_64' : 'aarch64';
      const url = `https://storage.googleapis.com/gvisor/releases/release/20260224/${machine}/runsc`;
      return { url, sum: `${url}.sha512`, sumKind: 'sha512' };
    },
  },
  {
    name: 'nats-server',
    version: '2.12.0',
    versionArgs: ['--version'],
    module: 'nats',
    goPackage: 'github.com/nats-io/nats-server/v2',
    ldflags: '',
    download: (arch) => ({
      ...release('nats-io/nats-server', '2.12.0', `nats-server-v2.12.0-linux-${arch}.tar.gz`, 'SHA256SUMS'),
      sumKind: 'sha256',
      archive: `nats-server-v2.12.0-linux-${arch}/nats-server`,
    }),
  },
  {
    name: 'etcd',
    version: '3.6.5',
    versionArgs: ['--version'],
    module: 'etcd',
    goPackage: 'go.etcd.io/etcd/server/v3',
    ldflags: '',
    download: (arch) => ({
      ...release('etcd-io/etcd', '3.6.5', `etcd-v3.6.5-linux-${arch}.tar.gz`, 'SHA256SUMS'),
      sumKind: 'sha256',
      archive: `etcd-v3.6.5-linux-${arch}/etcd`,
    }),
  },
  {
    name: 'registry',
    version: '3.0.0',
    versionArgs: ['--version'],
    module: 'registry',
    goPackage: 'github.com/distribution/distribution/v3/cmd/registry',
    ldflags: '',
    download: (arch) => ({
      ...release(
        'distribution/distribution',
        '3.0.0',
        `registry_3.0.0_linux_${arch}.tar.gz`,
        `registry_3.0.0_linux_${arch}.tar.gz.sha256`,
      ),
      sumKind: 'sha256',
      archive: 'registry',
    }),
  },
];

/** Only tests run these, so only `npm test` provides them. @type {readonly Tool[]} */
export const testToolTable = [
  {
    name: 'kube-score',
    version: '1.20.0',
    versionArgs: ['version'],
    module: 'kube-score',
    goPackage: 'github.com/zegl/kube-score/cmd/kube-score',
    ldflags: '',
    download: (arch) => ({
      ...release('zegl/kube-score', '1.20.0', `kube-score_1.20.0_linux_${arch}.tar.gz`, 'checksums.txt'),
      sumKind: 'sha256',
      archive: 'kube-score',
    }),
  },
];
