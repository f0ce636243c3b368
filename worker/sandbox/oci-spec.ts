/**
 * The OCI runtime spec of one sandbox. Pure and apart because it is the hardening: what is not granted here is not
 * there. Root read-only, no new privileges, one capability, bounded files, memory, CPU and processes.
 */
import type { PoolAgent, PoolRevision } from '../../contract/index.ts';
import type { ImageConfig } from '../../oci/index.ts';
import { metadataIp } from '../network/ruleset.ts';
import { cpuPeriodUs, cpuQuota, cpuShares } from './cpu-share.ts';
import type { Home } from './home-directory.ts';
import { javaOptions, trustEnvironment } from './injected-file.ts';

export interface SandboxUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home: string;
}

export interface SpecInput {
  readonly agent: PoolAgent;
  readonly revision: PoolRevision;
  readonly image: ImageConfig;
  readonly user: SandboxUser;
  readonly rootPath: string;
  readonly home: Home;
  readonly networkNamespacePath: string;
  readonly cgroupPath: string;
  /** Of what the agent asks for, as much as this machine gives. */
  readonly cpuMillis: number;
  /** Host directory of the agent's state; with `agent.state`. */
  readonly statePath?: string;
  readonly trustsGateways: boolean;
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const openFiles = 1024;
// gVisor backs guest threads by host threads; this bounds what a fork bomb takes from the host (S54).
const hostProcesses = 4096;
// The original's /tmp is 100 MiB; an explicit ephemeralStorage replaces it.
const defaultTmpBytes = 100 * 1024 * 1024;
/** Mount points every root needs. */
export const requiredDirectories = ['/proc', '/sys', '/dev', '/tmp'] as const;

/** Kubernetes' rule: `command` replaces Entrypoint and Cmd, `args` replaces Cmd. */
export function computeArgs(revision: PoolRevision, image: ImageConfig): readonly string[] {
  if (revision.command !== undefined && revision.command.length > 0) {
    return [...revision.command, ...(revision.args ?? [])];
  }
  return [...image.entrypoint, ...(revision.args ?? image.cmd)];
}

/** Image, then platform, then the agent's own: the later wins. */
export function computeEnvironment(
  input: Pick<SpecInput, 'revision' | 'image' | 'home' | 'trustsGateways'>,
): readonly string[] {
  const fromImage = input.image.env.flatMap((line): Array<[string, string]> => {
    const equals = line.indexOf('=');
    return equals <= 0 ? [] : [[line.slice(0, equals), line.slice(equals + 1)]];
  });
  const variables = new Map<string, string>([
    ['PATH', defaultPath],
    ...fromImage,
    ['HOME', input.home.path],
    ...(input.trustsGateways ? Object.entries(trustEnvironment) : []),
    ['CLRK_METADATA_URL', `http://${metadataIp}/v1`],
    ...input.revision.env.map((each): [string, string] => [each.name, each.value]),
  ]);
  // Beside whatever image or agent tell a JVM, not instead of it.
  if (input.trustsGateways) {
    variables.set(
      'JAVA_TOOL_OPTIONS',
      [javaOptions, variables.get('JAVA_TOOL_OPTIONS') ?? []].flat().join(' '),
    );
  }
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

/** Its tmpfs, and what the image has in it. */
function homeMounts({ home, user }: SpecInput, bytes: number): readonly object[] {
  const { mount } = home;
  if (mount === undefined) return [];
  const owner = [`uid=${user.uid}`, `gid=${user.gid}`];
  return [
    {
      destination: mount,
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'nodev', 'mode=0755', ...owner, `size=${bytes}`],
    },
    ...home.kept.map(({ name, source }) => ({
      destination: `${mount}/${name}`,
      type: 'bind',
      source,
      options: ['bind', 'ro', 'nosuid', 'nodev'],
    })),
  ];
}

function mounts(input: SpecInput): readonly object[] {
  const size = input.agent.resources.ephemeralStorageBytes;
  const tmpBytes = size > 0 ? size : defaultTmpBytes;
  const state = input.agent.state;
  return [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    {
      destination: '/tmp',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'nodev', 'mode=1777', `size=${tmpBytes}`],
    },
    ...homeMounts(input, tmpBytes),
    ...(state === undefined || input.statePath === undefined
      ? []
      : [
          {
            destination: state.mountPath,
            type: 'bind',
            source: input.statePath,
            options: ['bind', 'rw', 'nosuid', 'nodev'],
          },
        ]),
  ];
}

export function renderSpec(input: SpecInput): object {
  const { agent, user } = input;
  const capabilities = ['CAP_NET_BIND_SERVICE'];
  return {
    ociVersion: '1.1.0',
    hostname: 'agent',
    process: {
      // Absent, not empty: runsc compares the spec an image was taken under, where empty is absent.
      user: {
        ...{ uid: user.uid, gid: user.gid },
        ...(user.additionalGids.length > 0 ? { additionalGids: user.additionalGids } : {}),
      },
      args: computeArgs(input.revision, input.image),
      env: computeEnvironment(input),
      cwd: input.image.workingDir === '' ? '/' : input.image.workingDir,
      noNewPrivileges: true,
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
        inheritable: [],
        ambient: [],
      },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: openFiles, soft: openFiles }],
    },
    root: { path: input.rootPath, readonly: true },
    mounts: mounts(input),
    linux: {
      cgroupsPath: input.cgroupPath,
      resources: {
        memory: { limit: agent.resources.memoryBytes },
        cpu: {
          shares: cpuShares(agent.resources.cpuMillis),
          quota: cpuQuota(input.cpuMillis),
          period: cpuPeriodUs,
        },
        pids: { limit: hostProcesses },
      },
      namespaces: [
        { type: 'pid' },
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'mount' },
        { type: 'network', path: input.networkNamespacePath },
      ],
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/sched_debug', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}
