/**
 * nats-server's configuration: JetStream on disk, every write synced before it is acknowledged, and one user a role
 * with no more rights than its work needs. Pure; the text holds passwords. Here because the operator writes it for a
 * cluster and `clrk dev` for one machine. A role added to contract/ gets nothing until it is named here.
 */
import { statusBucket } from './process-status.ts';
import { invocationStream } from './invocation.ts';

interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

const kvStream = `KV_${statusBucket.name}`;
const kvSubject = `$KV.${statusBucket.name}`;
const { name: invocations, consumer, subjects } = invocationStream;

/** JetStream API subjects that watching and reading the status bucket need (KV is a stream; a watch is a consumer). */
const readStatus = [
  `$JS.API.STREAM.INFO.${kvStream}`,
  `$JS.API.STREAM.MSG.GET.${kvStream}`,
  `$JS.API.DIRECT.GET.${kvStream}`,
  `$JS.API.DIRECT.GET.${kvStream}.>`,
  `$JS.API.CONSUMER.CREATE.${kvStream}`,
  `$JS.API.CONSUMER.CREATE.${kvStream}.>`,
  `$JS.API.CONSUMER.INFO.${kvStream}.>`,
  `$JS.API.CONSUMER.DELETE.${kvStream}.>`,
  `$JS.FC.>`,
];

/** Whoever comes first makes the bucket; STREAM.CREATE of an existing one with another configuration is refused. */
const openStatus = ['$JS.API.INFO', `$JS.API.STREAM.CREATE.${kvStream}`, ...readStatus];

const publishInvocations = ['$JS.API.STREAM.NAMES', `$JS.API.STREAM.INFO.${invocations}`, ...subjects];

export const rolePermissions: Readonly<Record<string, Permissions>> = {
  operator: { publish: openStatus, subscribe: ['_INBOX.>'] },
  ingress: {
    publish: [...openStatus, `${kvSubject}.ingress.>`, ...publishInvocations],
    subscribe: ['_INBOX.>'],
  },
  worker: {
    publish: [...openStatus, `${kvSubject}.worker.>`, ...publishInvocations],
    subscribe: ['_INBOX.>'],
  },
  egress: { publish: [...openStatus, `${kvSubject}.egress.>`], subscribe: ['_INBOX.>'] },
  telemetry: {
    publish: [
      ...openStatus,
      ...publishInvocations,
      `$JS.API.STREAM.CREATE.${invocations}`,
      `$JS.API.STREAM.UPDATE.${invocations}`,
      `$JS.API.STREAM.MSG.GET.${invocations}`,
      `$JS.API.DIRECT.GET.${invocations}.>`,
      `$JS.API.CONSUMER.CREATE.${invocations}`,
      `$JS.API.CONSUMER.CREATE.${invocations}.>`,
      `$JS.API.CONSUMER.DURABLE.CREATE.${invocations}.${consumer}`,
      `$JS.API.CONSUMER.INFO.${invocations}.>`,
      `$JS.API.CONSUMER.DELETE.${invocations}.>`,
      `$JS.API.CONSUMER.NAMES.${invocations}`,
      `$JS.API.CONSUMER.LIST.${invocations}`,
      `$JS.API.CONSUMER.MSG.NEXT.${invocations}.>`,
      `$JS.ACK.${invocations}.>`,
    ],
    subscribe: ['_INBOX.>', ...subjects],
  },
};

export interface NatsConfigInput {
  readonly serverName: string;
  readonly host: string;
  readonly port: number;
  readonly storeDir: string;
  /** By role. */
  readonly passwords: Readonly<Record<string, string>>;
}

/** nats-server reads JSON: its configuration language is a superset. */
export function renderNatsConfig(input: NatsConfigInput): string {
  const { serverName, host, port, storeDir, passwords } = input;
  const users = Object.entries(rolePermissions).flatMap(([role, permissions]) => {
    const password = passwords[role];
    return password === undefined ? [] : [{ user: role, password, permissions }];
  });
  return JSON.stringify(
    {
      server_name: serverName,
      listen: `${host}:${port}`,
      jetstream: {
        store_dir: storeDir,
        // reference/security.md: the default syncs every two minutes and loses acknowledged messages.
        sync_interval: 'always',
        max_memory_store: 64 * 1024 * 1024,
        // The invocation stream reserves 2 GiB of it; the status bucket and head room need the rest.
        max_file_store: 4 * 1024 * 1024 * 1024,
      },
      max_payload: 1024 * 1024,
      // No anonymous access: without a matching user the connection is refused.
      authorization: { timeout: 5, users },
    },
    null,
    2,
  );
}
