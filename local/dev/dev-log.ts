/** The supervisor's own log: everything into `logs/dev.log`, warnings also before the person's eyes. */
import { join } from 'node:path';
import type { Home } from '../home.ts';
import type { Log } from '../log.ts';
import { RotatingLog } from '../supervisor/rotating-log.ts';

export interface DevLog extends Log {
  readonly close: () => void;
}

export function openDevLog(home: Home, say: (text: string) => void): DevLog {
  const file = new RotatingLog(join(home.logs, 'dev.log'));
  const write = (level: string, fields: object, message: string): void => {
    file.write('stdout', Buffer.from(`${JSON.stringify({ level, message, ...fields })}\n`));
  };
  return {
    debug: (fields, message) => write('debug', fields, message),
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => {
      write('warn', fields, message);
      say(`warning: ${message} ${renderFields(fields)}`);
    },
    error: (fields, message) => {
      write('error', fields, message);
      say(`error: ${message} ${renderFields(fields)}`);
    },
    close: () => file.close(),
  };
}

function renderFields(fields: object): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
}
