/**
 * The control plane's five processes as specs for the supervisor: command line, directory, log, readiness. Builds and
 * writes their configuration files; starting them is the supervisor's work.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { renderNatsConfig } from '../../contract/index.ts';
import { PlatformKeys } from '../../pki/index.ts';
import type { Home } from '../home.ts';
import { writePrivateFile } from '../private-file.ts';
import type { Subnet } from '../subnet.ts';
import type { ChildSpec } from '../supervisor/child.ts';
import { apiServerArgs, controllerManagerArgs } from './api-server.ts';
import type { ControlPlaneCertificates } from './certificates.ts';
import { renderTokenFile, type Credentials } from './credentials.ts';
import { renderTokenKubeconfig } from './kubeconfig.ts';
import { answersHttp, greetsAsNats } from './readiness.ts';

export interface ControlPlanePorts {
  readonly apiserver: number;
  readonly registry: number;
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly nats: number;
  readonly controllerManager: number;
}

export interface ControlPlaneInput {
  readonly home: Home;
  readonly subnet: Subnet;
  readonly ports: ControlPlanePorts;
  readonly credentials: Credentials;
  readonly certificates: ControlPlaneCertificates;
  readonly toolPath: (name: string) => string;
}

type Essentials = Pick<ChildSpec, 'name' | 'command' | 'args' | 'ready'> & Partial<ChildSpec>;

function childSpec(input: ControlPlaneInput, essentials: Essentials): ChildSpec {
  return {
    environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: input.home.root },
    cwd: input.home.root,
    logFile: join(input.home.logs, `${essentials.name}.log`),
    // What they keep survives a kill, and somebody waits for the prompt.
    stopGraceMs: 2_000,
    ...essentials,
  };
}

function etcd(input: ControlPlaneInput): ChildSpec {
  const { home, ports, certificates: own } = input;
  const client = `https://127.0.0.1:${ports.etcd}`;
  const peer = `https://127.0.0.1:${ports.etcdPeer}`;
  const tls = (prefix: string): string[] => [
    `--${prefix}cert-file=${own.path('etcd.crt')}`,
    `--${prefix}key-file=${own.path('etcd.key')}`,
    `--${prefix}trusted-ca-file=${own.path('ca.crt')}`,
    // It holds every Secret; being on loopback is not enough, any local user is.
    `--${prefix}client-cert-auth=true`,
  ];
  mkdirSync(home.etcd, { recursive: true, mode: 0o700 });
  return childSpec(input, {
    name: 'etcd',
    command: input.toolPath('etcd'),
    args: [
      '--name=clrk-dev',
      `--data-dir=${home.etcd}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=clrk-dev=${peer}`,
      ...tls(''),
      ...tls('peer-'),
      '--log-level=warn',
      '--auto-compaction-retention=1h',
    ],
    ready: () =>
      answersHttp({
        url: `${client}/health`,
        ca: own.caPem,
        cert: readFileSync(own.path('etcd-client.crt'), 'utf8'),
        key: readFileSync(own.path('etcd-client.key'), 'utf8'),
      }),
  });
}

function apiServer(input: ControlPlaneInput): ChildSpec {
  const { ports, certificates, credentials, home } = input;
  const tokenFile = join(home.config, 'tokens.csv');
  writePrivateFile(tokenFile, renderTokenFile(credentials));
  return childSpec(input, {
    name: 'kube-apiserver',
    command: input.toolPath('kube-apiserver'),
    args: apiServerArgs({
      port: ports.apiserver,
      etcdPort: ports.etcd,
      serviceCidr: input.subnet.serviceCidr,
      tokenFile,
      certificates,
    }),
    ready: () =>
      answersHttp({
        url: `https://127.0.0.1:${ports.apiserver}/readyz`,
        ca: certificates.caPem,
        token: credentials.api.admin,
      }),
  });
}

function controllerManager(input: ControlPlaneInput): ChildSpec {
  const { ports, certificates, credentials, home } = input;
  const kubeconfig = join(home.config, 'controller-manager.kubeconfig');
  const server = `https://127.0.0.1:${ports.apiserver}`;
  writePrivateFile(
    kubeconfig,
    renderTokenKubeconfig(server, certificates.caPem, credentials.api.controllerManager),
  );
  return childSpec(input, {
    name: 'kube-controller-manager',
    command: input.toolPath('kube-controller-manager'),
    args: controllerManagerArgs({
      port: ports.controllerManager,
      kubeconfig,
      serviceCidr: input.subnet.serviceCidr,
      certificates,
    }),
    ready: () =>
      answersHttp({ url: `https://127.0.0.1:${ports.controllerManager}/healthz`, ca: certificates.caPem }),
  });
}

function nats(input: ControlPlaneInput): ChildSpec {
  const { ports, home, credentials, certificates } = input;
  const config = join(home.config, 'nats.json');
  const keys = new PlatformKeys(Buffer.from(credentials.root, 'base64url'));
  const tls = { certificate: certificates.path('nats.crt'), privateKey: certificates.path('nats.key') };
  const place = { serverName: 'clrk-dev', host: '127.0.0.1', port: ports.nats, storeDir: home.nats };
  writePrivateFile(config, renderNatsConfig({ ...place, trust: keys.natsTrust(), tls }));
  return childSpec(input, {
    name: 'nats-server',
    command: input.toolPath('nats-server'),
    args: ['--config', config],
    ready: () => greetsAsNats(ports.nats),
  });
}

function registry(input: ControlPlaneInput): ChildSpec {
  const { ports, home } = input;
  const config = join(home.config, 'registry.yaml');
  const settings = {
    version: 0.1,
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: home.registry }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${ports.registry}` },
  };
  writePrivateFile(config, stringify(settings));
  return childSpec(input, {
    name: 'registry',
    command: input.toolPath('registry'),
    args: ['serve', config],
    environment: {
      PATH: '/usr/bin:/bin',
      HOME: home.root,
      // It would send traces to localhost:4318 by default.
      OTEL_TRACES_EXPORTER: 'none',
    },
    ready: () => answersHttp({ url: `http://127.0.0.1:${ports.registry}/v2/` }),
  });
}

/** In the order they can serve; etcd, nats-server and registry need nobody. */
export function controlPlaneChildren(input: ControlPlaneInput): {
  readonly independent: readonly ChildSpec[];
  readonly apiServer: ChildSpec;
  readonly controllerManager: ChildSpec;
} {
  return {
    independent: [etcd(input), nats(input), registry(input)],
    apiServer: apiServer(input),
    controllerManager: controllerManager(input),
  };
}
