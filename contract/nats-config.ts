/**
 * nats-server's configuration: JetStream on disk, every write synced before it is acknowledged, users by signed identity
 * (pki/) so that a new pool needs no reload. Pure; it holds public keys and claims only. Here because the operator
 * writes it for a cluster and `clrk dev` for one machine.
 */

/** Who the server believes: an operator, and the accounts it vouches for. */
export interface NatsTrust {
  readonly operatorJwt: string;
  /** Public key of the account for the server's own events. */
  readonly systemAccount: string;
  /** Account claims by public key, the system account's too. */
  readonly accounts: Readonly<Record<string, string>>;
}

export interface NatsConfigInput {
  readonly serverName: string;
  readonly host: string;
  readonly port: number;
  readonly storeDir: string;
  readonly trust: NatsTrust;
  /** Paths of PEM files; absent: no TLS (tests). */
  readonly tls?: { readonly certificate: string; readonly privateKey: string };
}

/** nats-server reads JSON: its configuration language is a superset. */
export function renderNatsConfig(input: NatsConfigInput): string {
  const { serverName, host, port, storeDir, trust, tls } = input;
  return JSON.stringify(
    {
      server_name: serverName,
      listen: `${host}:${port}`,
      // No anonymous access: without claims of one of these accounts the connection is refused.
      operator: trust.operatorJwt,
      system_account: trust.systemAccount,
      // On disk, because claims are pushed to it as pools and gateways come and go; what it is configured with is older.
      resolver: { type: 'full', dir: `${storeDir}/accounts`, allow_delete: false, interval: '2m' },
      resolver_preload: trust.accounts,
      ...(tls === undefined
        ? {}
        : { tls: { cert_file: tls.certificate, key_file: tls.privateKey, min_version: '1.3' } }),
      jetstream: {
        store_dir: storeDir,
        // By default it syncs every two minutes, and a power cut loses messages that were acknowledged.
        sync_interval: 'always',
        max_memory_store: 64 * 1024 * 1024,
        // The invocation stream reserves 2 GiB of it; the status bucket and head room need the rest.
        max_file_store: 4 * 1024 * 1024 * 1024,
      },
      max_payload: 1024 * 1024,
    },
    null,
    2,
  );
}
