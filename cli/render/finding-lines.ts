/** What a check found, as `clrk install` and `clrk doctor` tell it. Pure: it may quote anybody, and none of it acts on a terminal. */
import { terminalLine } from '../../contract/index.ts';

interface Found {
  readonly check: string;
  readonly level: 'ok' | 'warning' | 'error' | 'unknown';
  readonly message: string;
  readonly hint?: string;
}

const signs: Readonly<Record<Found['level'], string>> = {
  ok: 'ok     ',
  warning: 'warning',
  error: 'FAILED ',
  unknown: 'unknown',
};

export function findingLines({ check, level, message, hint }: Found): readonly string[] {
  const said = terminalLine(`${signs[level]} ${check}: ${message}`);
  return level === 'ok' || hint === undefined ? [said] : [said, terminalLine(`        ${hint}`)];
}
