/**
 * How many days records may be kept. Pure; here because the installer refuses what telemetry would refuse. Logs and spans have a
 * partition a day, calls one a week: the bounds keep their number in what a store opens quickly.
 */
export const retentionDays = {
  logs: { least: 1, most: 366, initial: 7 },
  traces: { least: 1, most: 366, initial: 7 },
  invocations: { least: 1, most: 3_650, initial: 90 },
} as const;
export type KeptRecords = keyof typeof retentionDays;

export function isRetention(kept: KeptRecords, days: number): boolean {
  const { least, most } = retentionDays[kept];
  return Number.isInteger(days) && days >= least && days <= most;
}
