/**
 * The steps of a call at which processes are killed. Each is reached by what the world shows (an event in the stream, a request at
 * the provider, bytes at the caller) and holds by itself until it is let go, so that nothing depends on how fast a machine is.
 */
import { randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import { signalProcess, type ProcessIdentity } from '../../../local/process-identity.ts';
import { signal } from '../platform-process.ts';
import { agent, type Scene } from './scene.ts';
import { WatchedCall } from './watched-call.ts';

export const processes = {
  ingress: 'pod/clrk-system/clrk-ingress',
  worker: 'pod/e2e/default-workers',
  gateway: 'pod/e2e/clrk-egress-default',
  operator: 'pod/clrk-system/clrk-operator',
  NATS: 'nats-server',
  telemetry: 'pod/clrk-system/clrk-telemetry',
  engine: 'engine',
  etcd: 'etcd',
  'API server': 'kube-apiserver',
} as const;
export type ProcessName = keyof typeof processes;

export const steps = ['accepted', 'dispatched', 'running', 'answering', 'finished', 'recorded'] as const;
export type Step = (typeof steps)[number];

/** A call that stands at its step. `letGo`: after the kill. */
export interface Standing {
  readonly call: WatchedCall;
  readonly letGo: () => void;
}

/** Frozen: alive, and doing nothing. */
function freeze(
  scene: Scene,
  name: ProcessName,
): { readonly frozen: ProcessIdentity; readonly thaw: () => void } {
  const frozen = signal(scene.platform, processes[name], 'SIGSTOP');
  return { frozen, thaw: () => void signalProcess(frozen, 'SIGCONT') };
}

function begin(scene: Scene, more = {}): WatchedCall {
  return new WatchedCall(scene.platform, agent, randomUUID(), more);
}

/** The first question of the agent is with the provider; the agent has said nothing yet. */
async function running(scene: Scene): Promise<Standing> {
  const letGo = scene.hold();
  const call = begin(scene);
  await scene.askedFor('running', call.id);
  return { call, letGo };
}

/** The caller has the beginning of the answer; the agent's second question is with the provider. */
async function answering(scene: Scene): Promise<Standing> {
  const first = await running(scene);
  first.letGo();
  const letGo = scene.hold();
  await scene.askedFor('answering', first.call.id);
  await vi.waitFor(() => {
    if (!first.call.text.includes('begun')) throw new Error('nothing has come');
  });
  return { call: first.call, letGo };
}

export const reach: Readonly<Record<Step, (scene: Scene) => Promise<Standing>>> = {
  /** The front door has the head and half of the body, and the stream has the claim of its id. */
  async accepted(scene) {
    const call = begin(scene, { halved: true });
    await scene.stored(
      call.id,
      { role: 'ingress' },
      (phase) => phase === 'Pending' || phase === 'Dispatched',
    );
    return { call, letGo: () => call.sendRest() };
  },

  /** It is on its way to a worker, which is frozen and has done nothing. */
  async dispatched(scene) {
    const { thaw } = freeze(scene, 'worker');
    const call = begin(scene);
    await scene.stored(call.id, { role: 'ingress' }, (phase) => phase === 'Dispatched');
    return { call, letGo: thaw };
  },

  running,
  answering,

  /** The caller has the whole answer; that it ended is in no stream: NATS was frozen before, and dies too. */
  async finished(scene) {
    const { call, letGo } = await answering(scene);
    const { frozen } = freeze(scene, 'NATS');
    letGo();
    await call.outcome;
    return { call, letGo: () => void signalProcess(frozen, 'SIGKILL') };
  },

  /** The end is in the stream, and not in the store: telemetry is frozen. */
  async recorded(scene) {
    const { call, letGo } = await answering(scene);
    const { thaw } = freeze(scene, 'telemetry');
    letGo();
    await call.outcome;
    await scene.ended(call.id);
    return { call, letGo: thaw };
  },
};
