/** `clrk dev up` and `down`: the same platform without a terminal. `up` returns when it is ready; `down` when all is gone. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClrkError } from '../../contract/index.ts';
import { DevStateFile, parseDevState, type DevState } from '../dev-state.ts';
import { homeFromEnvironment, type Home } from '../home.ts';
import { clearKilledWorkers } from '../killed-workers.ts';
import { HomeAddresses } from '../node-agent/loopback.ts';
import { requireHome } from '../preflight/machine.ts';
import { readFileIfAny } from '../private-file.ts';
import { endProcess, isAlive } from '../process-identity.ts';
import { bundlePath, repositoryRoot } from '../root.ts';
import { computeSubnet, defaultSubnet } from '../subnet.ts';
import type { DevBase, DevUpOptions } from './dev-options.ts';

const pollMs = 200;
// As long as everything may take in the foreground, tools included.
const readyTimeoutMs = 60 * 60_000;
// Pods have 4 s to end (platform.ts), then the control plane closes.
const downGraceMs = 20_000;

function stateOf(home: Home): DevState {
  return parseDevState(readFileIfAny(home.state));
}

/** The platform that lives in this home, if one does. */
export function runningSupervisor(state: DevState): NonNullable<DevState['supervisor']> | undefined {
  return state.supervisor !== undefined && isAlive(state.supervisor) ? state.supervisor : undefined;
}

export async function devUp(options: DevUpOptions): Promise<number> {
  const home = homeFromEnvironment(options.environment);
  if (runningSupervisor(stateOf(home)) !== undefined) {
    options.stdout.write(`already up; kubeconfig ${home.kubeconfig}\n`);
    if (options.example !== undefined)
      options.stdout.write(`${options.example} was not installed: \`clrk dev down\` first, then up again\n`);
    return 0;
  }
  const flags = [
    ...(options.example === undefined ? [] : ['--example', options.example]),
    ...(options.provider === undefined ? [] : ['--provider', options.provider]),
  ];
  requireHome(home.root);
  mkdirSync(home.logs, { recursive: true, mode: 0o700 });
  const outputPath = join(home.logs, 'up.log');
  const output = openSync(outputPath, 'w', 0o600);
  const child = spawn(process.execPath, ['--enable-source-maps', bundlePath, 'dev', ...flags], {
    cwd: repositoryRoot,
    env: { ...options.environment },
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
    child.once('error', () => resolve(1));
  });
  const code = await Promise.race([ended, ready(home, child.pid ?? 0)]);
  const said = readFileSync(outputPath, 'utf8').trimEnd();
  if (code !== 0) {
    process.stderr.write(`${said.split('\n').slice(-6).join('\n')}\n`);
    return 1;
  }
  child.unref();
  options.stdout.write(`up; kubeconfig ${home.kubeconfig}\n`);
  if (options.example === undefined) options.stdout.write(nothingInstalled);
  return 0;
}

const nothingInstalled = [
  'No agent is on it yet. For one with its image, gateway and a stand-in of a provider:',
  '  clrk dev down && clrk dev up --example hello',
  'For your own: `clrk init my-agents`, push its image to localhost:5100, `clrk apply -f dist/`.',
  '',
].join('\n');

async function ready(home: Home, pid: number): Promise<number> {
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    const state = stateOf(home);
    if (state.supervisor?.pid === pid && state.readySince !== undefined) return 0;
    if (Date.now() > deadline)
      throw new ClrkError('NOT_READY', 'the platform did not become ready', { hint: `See ${home.logs}.` });
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

export async function devDown(options: DevBase): Promise<number> {
  const home = homeFromEnvironment(options.environment);
  const state = stateOf(home);
  const supervisor = runningSupervisor(state);
  if (supervisor !== undefined) await endProcess(supervisor, downGraceMs);
  // What a supervisor that was killed has left behind.
  const left = Object.values(stateOf(home).children).filter(isAlive);
  await Promise.all(left.map((identity) => endProcess(identity, 5_000)));
  if (supervisor !== undefined || state.supervisor !== undefined) {
    await clearKilledWorkers(home);
    await new HomeAddresses(home.root, computeSubnet(defaultSubnet)).clear();
    new DevStateFile(home.state).update((next) => {
      delete next.supervisor;
      delete next.readySince;
      next.children = {};
    });
  }
  options.stdout.write(supervisor === undefined ? 'nothing was running\n' : 'down\n');
  return 0;
}
