/** What an installation of the platform may choose. Apart because the chart, `clrk install` and its tests share it. */
import { clickhouseImage, natsImage, platformImage, retentionDays, systemNamespace } from './system-names.ts';

export interface PlatformProps {
  /** Where the platform's own processes live. @default clrk-system */
  readonly namespace?: string;
  /** The one image of all roles. @default the release's */
  readonly image?: string;
  /** @default the publisher's image of the pinned version */
  readonly natsImage?: string;
  /** A NATS of your own, with the operator, accounts, resolver (type full) and JetStream of Secret clrk-nats-resolver. @default one is installed */
  readonly natsUrl?: string;
  /**
   * A ClickHouse server without credentials in its URL; with credentials, put the URL into key `clickhouse-url` of Secret
   * clrk-platform-auth. @default the embedded engine, on a volume
   */
  readonly clickhouseUrl?: string;
  /** Brings a ClickHouse server along (a StatefulSet). @default false */
  readonly installClickhouse?: boolean;
  /** Image of that server. @default the publisher's long-term release */
  readonly clickhouseImage?: string;
  /** Class of the volumes. @default the cluster's own default */
  readonly storageClass?: string;
  /** Days that log records are kept, 1 to 366. @default as the store has it, 7 in a new one */
  readonly logRetentionDays?: number;
  /** Days that spans are kept, 1 to 366. @default as the store has it, 7 in a new one */
  readonly traceRetentionDays?: number;
  /** Days that ended invocations are kept, 1 to 3650. @default as the store has it, 90 in a new one */
  readonly invocationRetentionDays?: number;
  /** Networks of the cluster that no agent may ever reach, comma-separated. @default none but the built-in ones */
  readonly platformCidrs?: string;
}

export interface PlatformSettings extends PlatformProps {
  readonly namespace: string;
  readonly image: string;
  readonly natsImage: string;
  readonly installClickhouse: boolean;
  readonly clickhouseImage: string;
}

/** Names of the settings, here and in the ConfigMap, and whose days they are. */
const retentionNames = {
  logRetentionDays: 'logs',
  traceRetentionDays: 'traces',
  invocationRetentionDays: 'invocations',
} as const satisfies Partial<Record<keyof PlatformProps, keyof typeof retentionDays>>;
type RetentionName = keyof typeof retentionNames;

function retentionEntries(props: PlatformProps): Array<readonly [RetentionName, number]> {
  return (Object.keys(retentionNames) as RetentionName[]).flatMap((name) => {
    const days = props[name];
    return days === undefined ? [] : [[name, days] as const];
  });
}

function checkRetention(props: PlatformProps): void {
  for (const [name, days] of retentionEntries(props)) {
    const { least, most } = retentionDays[retentionNames[name]];
    if (!Number.isInteger(days) || days < least || days > most)
      throw new Error(`${name} must be a whole number of days from ${least} to ${most}, not ${days}`);
  }
}

/** What the ConfigMap says of it: only what was chosen. */
export function retentionSettingsOf(props: PlatformProps): Readonly<Record<string, string>> {
  return Object.fromEntries(retentionEntries(props).map(([name, days]) => [name, String(days)]));
}

export function platformSettingsOf(props: PlatformProps): PlatformSettings {
  if (props.installClickhouse === true && props.clickhouseUrl !== undefined) {
    throw new Error('clickhouseUrl and installClickhouse exclude each other: records go to one server');
  }
  checkRetention(props);
  const defaults = { namespace: systemNamespace, image: platformImage, natsImage, clickhouseImage };
  return { ...defaults, installClickhouse: false, ...props };
}
