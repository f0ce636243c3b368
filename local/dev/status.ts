/** `clrk dev status`: what runs, where, and whether it is ready. Exit code 0 only when it is. */
import { renderTable } from '../../cli/index.ts';
import { parseDevState, type DevState } from '../dev-state.ts';
import { homeFromEnvironment } from '../home.ts';
import { readFileIfAny } from '../private-file.ts';
import { isAlive } from '../process-identity.ts';
import { runningSupervisor } from './background.ts';
import type { DevStatusOptions } from './dev-options.ts';

export interface DevStatus {
  readonly running: boolean;
  readonly ready: boolean;
  readonly readySince?: string;
  readonly home: string;
  readonly kubeconfig: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly exposed: Readonly<Record<string, number>>;
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
}

export function computeStatus(
  state: DevState,
  home: { readonly root: string; readonly kubeconfig: string },
): DevStatus {
  const running = runningSupervisor(state) !== undefined;
  const processes = Object.entries(state.children)
    .filter(([, identity]) => isAlive(identity))
    .map(([name, { pid }]) => ({ name, pid }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    running,
    ready: running && state.readySince !== undefined,
    ...(running && state.readySince !== undefined ? { readySince: state.readySince } : {}),
    home: home.root,
    kubeconfig: home.kubeconfig,
    ports: state.ports,
    exposed: running ? state.exposed : {},
    processes,
  };
}

function render(status: DevStatus): string {
  if (!status.running) return `not running; data in ${status.home}\n`;
  const head = `${status.ready ? `ready since ${status.readySince ?? ''}` : 'starting'}; kubeconfig ${status.kubeconfig}\n`;
  const rows = status.processes.map(({ name, pid }) => [name, String(pid)]);
  const exposed = Object.entries(status.exposed).map(([name, port]) => `${name}: http://127.0.0.1:${port}\n`);
  return `${head}${exposed.join('')}${renderTable({ headers: ['PROCESS', 'PID'], rows })}\n`;
}

export async function devStatus({ environment, stdout, json }: DevStatusOptions): Promise<number> {
  const home = homeFromEnvironment(environment);
  const status = computeStatus(parseDevState(readFileIfAny(home.state)), home);
  stdout.write(json === true ? `${JSON.stringify(status, null, 2)}\n` : render(status));
  return Promise.resolve(status.ready ? 0 : 1);
}
