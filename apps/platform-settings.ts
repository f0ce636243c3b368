/** What an installation of the platform may choose. Apart because the chart, `clrk install` and its tests share it. */
import { clickhouseImage, natsImage, platformImage, systemNamespace } from './system-names.ts';

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

export function platformSettingsOf(props: PlatformProps): PlatformSettings {
  if (props.installClickhouse === true && props.clickhouseUrl !== undefined) {
    throw new Error('clickhouseUrl and installClickhouse exclude each other: records go to one server');
  }
  const defaults = { namespace: systemNamespace, image: platformImage, natsImage, clickhouseImage };
  return { ...defaults, installClickhouse: false, ...props };
}
