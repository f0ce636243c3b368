/**
 * The structured log of a role: JSON lines on stderr, constant messages, facts as fields. Apart so that redaction is
 * in one place. Field names that usually hold secrets are censored whatever a caller passes.
 */
import { pino, type Logger } from 'pino';
import { environment as variable } from '../contract/index.ts';
import type { Environment } from './environment.ts';

export type Log = Logger;

const secretFields = ['password', 'token', 'authorization', 'privateKeyPem', 'keyBase64', 'frameKeyBase64'];

export function createLog(role: string, environment: Environment): Log {
  return pino(
    {
      base: { role },
      level: environment[variable.logLevel] ?? 'info',
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
