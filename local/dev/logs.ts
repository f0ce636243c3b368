/** `clrk dev logs [component] [-f]`: the stored logs of the control plane and of platform pods, merged by time. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ClrkError } from '../../contract/index.ts';
import { homeFromEnvironment, type Home } from '../home.ts';
import { followStoredLog, readStoredLog } from '../node-agent/log-reader.ts';
import { parseLogLine, type LogLine } from '../supervisor/rotating-log.ts';
import type { DevLogsOptions } from './dev-options.ts';

export interface LogFile {
  /** `etcd`, `dev`, or the pod's name. */
  readonly component: string;
  readonly path: string;
}

function filesIn(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.log'))
        .sort()
    : [];
}

export function logFiles(home: Home): LogFile[] {
  const own = filesIn(home.logs)
    // `up.log` is what `clrk dev up` would have shown, not a stored log.
    .filter((name) => name !== 'up.log')
    .map((name) => ({ component: name.replace(/\.log$/, ''), path: join(home.logs, name) }));
  const pods = filesIn(home.podLogs).map((name) => ({
    component: name.split('_')[1] ?? name,
    path: join(home.podLogs, name),
  }));
  return [...own, ...pods];
}

/** Files of a component: its own, or the pods whose names begin with it. Throws when there is none. */
export function selectLogFiles(files: readonly LogFile[], component: string | undefined): readonly LogFile[] {
  if (component === undefined) return files;
  const exact = files.filter((file) => file.component === component);
  const selected = exact.length > 0 ? exact : files.filter((file) => file.component.startsWith(component));
  if (selected.length > 0) return selected;
  const known = [...new Set(files.map((file) => file.component))].join(', ');
  throw new ClrkError('COMPONENT_UNKNOWN', `no log of ${component}`, {
    hint: known === '' ? 'Nothing has run yet.' : `There are: ${known}.`,
  });
}

function render(component: string, line: LogLine, prefixed: boolean): string {
  return `${prefixed ? `${component} | ` : ''}${line.text}\n`;
}

export async function devLogs(
  options: DevLogsOptions,
  signal: AbortSignal = new AbortController().signal,
): Promise<number> {
  const files = selectLogFiles(logFiles(homeFromEnvironment(options.environment)), options.component);
  const prefixed = files.length > 1;
  const stored = await Promise.all(
    files.map(async (file) => ({ file, ...(await readStoredLog(file.path)) })),
  );
  const lines = stored.flatMap(({ file, text }) =>
    text.split('\n').flatMap((raw) => {
      const line = parseLogLine(raw);
      return line === undefined ? [] : [{ component: file.component, line }];
    }),
  );
  lines.sort((a, b) => (a.line.time < b.line.time ? -1 : a.line.time > b.line.time ? 1 : 0));
  options.stdout.write(lines.map(({ component, line }) => render(component, line, prefixed)).join(''));
  if (options.follow !== true) return 0;
  await Promise.all(
    stored.map(async ({ file, offset }) => {
      for await (const appended of followStoredLog(file.path, offset, signal)) {
        for (const raw of appended.split('\n')) {
          const line = parseLogLine(raw);
          if (line !== undefined) options.stdout.write(render(file.component, line, prefixed));
        }
      }
    }),
  );
  return 0;
}
