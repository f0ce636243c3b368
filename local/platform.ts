/**
 * A whole development platform on this machine: control plane, local node, service proxy. It knows nothing of what is
 * installed on it (`dev/`). `stop()` leaves no process, address or route; data stays below the home directory.
 */
import { ClrkError } from '../contract/index.ts';
import { provideCertificates, type ControlPlaneCertificates } from './control-plane/certificates.ts';
import type { ControlPlanePorts } from './control-plane/children.ts';
import { ControlPlane } from './control-plane/control-plane.ts';
import { loadCredentials, type Credentials } from './control-plane/credentials.ts';
import { renderTokenKubeconfig } from './control-plane/kubeconfig.ts';
import { accepts } from './control-plane/readiness.ts';
import { claimFixedPort, claimHiddenPort, fixedPorts, hiddenPorts } from './control-plane/port.ts';
import type { DevStateFile } from './dev-state.ts';
import type { Home } from './home.ts';
import { ApiClient } from './kube/api-client.ts';
import type { Log } from './log.ts';
import { openKubeletServer } from './node-agent/kubelet-server.ts';
import { HomeAddresses } from './node-agent/loopback.ts';
import { NodeAgent } from './node-agent/node-agent.ts';
import { NodeHeartbeat } from './node-agent/node-heartbeat.ts';
import { kubeletPort } from './node-agent/node-object.ts';
import { writePrivateFile } from './private-file.ts';
import { endProcess, identifyProcess, isAlive } from './process-identity.ts';
import { clearKilledWorkers } from './killed-workers.ts';
import { ServiceProxy } from './service-proxy/service-proxy.ts';
import type { Subnet } from './subnet.ts';

export interface PlatformOptions {
  readonly home: Home;
  readonly state: DevStateFile;
  readonly subnet: Subnet;
  readonly log: Log;
  readonly toolPath: (name: string) => string;
  /** The program that stands for the platform image's entry point. */
  readonly entryPoint: readonly string[];
  readonly fixedPorts?: { readonly apiserver: number; readonly registry: number };
  readonly step: (name: string, work: () => Promise<void>) => Promise<void>;
}

const nodeName = 'clrk-dev';
// On a cluster a worker drains for up to 30 s. Here somebody waits for the prompt: calls under way are cut, and what a
// killed worker leaves is cleared afterwards.
const podGraceMs = 4_000;

export class Platform {
  readonly credentials: Credentials;
  readonly client: ApiClient;
  readonly ports: ControlPlanePorts;
  readonly #options: PlatformOptions;
  readonly #certificates: ControlPlaneCertificates;
  readonly #controlPlane: ControlPlane;
  readonly #serviceProxy: ServiceProxy;
  readonly #nodeAgent: NodeAgent;
  readonly #heartbeat: NodeHeartbeat;
  readonly #addresses: HomeAddresses;
  #kubelet: AsyncDisposable | undefined;

  private constructor(options: PlatformOptions, ports: ControlPlanePorts) {
    const { home, state, subnet, log } = options;
    this.#options = options;
    this.ports = ports;
    this.credentials = loadCredentials(home.auth);
    // The first address of the service range is the `kubernetes` Service's.
    const apiServiceAddress = subnet.exampleAddress(129);
    this.#certificates = provideCertificates(home.pki, {
      apiServiceAddress,
      nodeAddress: subnet.nodeAddress,
    });
    const { caPem } = this.#certificates;
    this.client = new ApiClient({
      host: '127.0.0.1',
      port: ports.apiserver,
      caPem,
      token: this.credentials.api.nodeAgent,
    });
    const onIdentity = (name: string, identity: ReturnType<typeof identifyProcess>): void =>
      state.update(({ children }) => {
        if (identity === undefined) delete children[name];
        else children[name] = identity;
      });
    this.#controlPlane = new ControlPlane(
      {
        home,
        subnet,
        ports,
        credentials: this.credentials,
        certificates: this.#certificates,
        toolPath: options.toolPath,
      },
      { log, onIdentity, step: options.step },
    );
    this.#addresses = new HomeAddresses(home.root, subnet);
    this.#serviceProxy = new ServiceProxy({
      client: this.client,
      log,
      addresses: this.#addresses,
      remembered: () => state.current.exposed,
      onExposed: (exposed) => rememberExposed(state, exposed),
    });
    this.#heartbeat = new NodeHeartbeat(
      this.client,
      { name: nodeName, subnet, kubernetesVersion: '1.34.2' },
      log,
    );
    this.#nodeAgent = new NodeAgent({
      client: this.client,
      log,
      subnet,
      addresses: this.#addresses,
      runtime: {
        podsRoot: home.pods,
        logsRoot: home.podLogs,
        volumesRoot: home.volumes,
        nodeName,
        nodeAddress: subnet.nodeAddress,
        entryPoint: options.entryPoint,
        imageEnvironment: imageEnvironment(options.toolPath('runsc')),
        servicesOf: (namespace) => this.#serviceProxy.servicesOf(namespace),
        onPid: (key, pid) => onIdentity(key, pid === undefined ? undefined : identifyProcess(pid)),
      },
    });
  }

  /** Claims ports, ends what a crashed run left, prepares keys; nothing runs yet. */
  static async prepare(options: PlatformOptions): Promise<Platform> {
    await endLeftovers(options);
    const fixed = options.fixedPorts ?? fixedPorts;
    const remembered = options.state.current.ports;
    const ports: Record<string, number> = {
      apiserver: await claimFixedPort('API server', fixed.apiserver),
      registry: await claimFixedPort('image registry', fixed.registry),
    };
    for (const name of hiddenPorts) ports[name] = await claimHiddenPort(remembered[name]);
    options.state.update((state) => {
      state.ports = ports;
      const self = identifyProcess(process.pid);
      if (self !== undefined) state.supervisor = self;
      delete state.readySince;
    });
    return new Platform(options, ports as unknown as ControlPlanePorts);
  }

  get platformCa(): ControlPlaneCertificates['platformCa'] {
    return this.#certificates.platformCa;
  }

  /** The URL pods reach NATS by. */
  get natsUrl(): string {
    return `tls://127.0.0.1:${this.ports.nats}`;
  }

  /** Starts everything; on failure or abort the caller calls `stop()`. */
  async start(signal: AbortSignal): Promise<void> {
    const { home, subnet, step } = this.#options;
    const server = `https://127.0.0.1:${this.ports.apiserver}`;
    writePrivateFile(
      home.kubeconfig,
      renderTokenKubeconfig(server, this.#certificates.caPem, this.credentials.api.admin),
    );
    await this.#addresses.guard();
    await this.#addresses.add(subnet.nodeAddress);
    await this.#controlPlane.start(signal);
    await step('node', async () => {
      this.#kubelet = await openKubeletServer({
        host: subnet.nodeAddress,
        port: kubeletPort,
        caPem: this.#certificates.caPem,
        ...this.#certificates.kubelet,
        logPath: (namespace, pod, container) => this.#nodeAgent.logPath(namespace, pod, container),
      });
      await this.#heartbeat.start();
      this.#serviceProxy.start();
      this.#nodeAgent.start();
    });
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    const { state } = this.#options;
    this.#heartbeat.close();
    await this.#nodeAgent.close(podGraceMs);
    await this.#serviceProxy.close();
    await this.#kubelet?.[Symbol.asyncDispose]();
    this.#kubelet = undefined;
    await this.#controlPlane.stop();
    this.client.close();
    await clearKilledWorkers(this.#options.home);
    await this.#addresses.clear();
    state.update((next) => {
      delete next.supervisor;
      delete next.readySince;
      next.children = {};
    });
  }
}

function rememberExposed(state: DevStateFile, exposed: Readonly<Record<string, number>>): void {
  const known = state.current.exposed;
  const same = Object.entries(exposed).every(([key, port]) => known[key] === port);
  if (!same || Object.keys(known).length !== Object.keys(exposed).length)
    state.update((next) => (next.exposed = { ...exposed }));
}

/** What the platform's image brings along: a PATH on which runsc, ip and nft are. */
function imageEnvironment(runsc: string): Record<string, string> {
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const passed = ['TZ', 'CLRK_LOG_LEVEL'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { PATH: path, CLRK_RUNSC: runsc, NODE_ENV: 'production', ...Object.fromEntries(passed) };
}

/** A run that still lives is an error; processes of one that crashed are ended and its addresses removed. */
async function endLeftovers({ state, subnet, home }: PlatformOptions): Promise<void> {
  const { supervisor, children } = state.current;
  if (supervisor !== undefined && supervisor.pid !== process.pid && isAlive(supervisor)) {
    throw new ClrkError(
      'ALREADY_RUNNING',
      `a platform in ${home.root} is already running (process ${supervisor.pid})`,
      {
        hint: 'See it with `clrk dev status`, stop it with `clrk dev down`.',
      },
    );
  }
  await Promise.all(Object.values(children).map((identity) => endProcess(identity, 5_000)));
  // Another home's platform on the same addresses must not lose them to this one's clean-up.
  const addresses = new HomeAddresses(home.root, subnet);
  if ((await addresses.isTaken(subnet.nodeAddress)) && (await accepts(subnet.nodeAddress, kubeletPort))) {
    throw new ClrkError('SUBNET_IN_USE', `another platform on this machine already uses ${subnet.cidr}`, {
      hint: 'Stop it with `CLRK_HOME=<its home> clrk dev down`.',
    });
  }
  await addresses.clearAbandoned();
  state.update((next) => (next.children = {}));
}
