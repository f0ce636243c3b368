/**
 * What each identity may do in NATS. Pools and gateways live in an account of their own, into which only two subjects
 * are imported; JetStream, its API and the platform's inboxes are in another. In one account a tenant could name any
 * subject as the reply of its own publish, and the server would write its acknowledgement there (decision 025).
 */
import { approvalSubject, approvalSubjects } from './approval.ts';
import { ledgerReadSubject, ledgerReadSubjects, ledgerSubject, ledgerSubjects } from './budget-ledger.ts';
import { resultReadSubjects, resultSubjects, resultsWantedSubject } from './call-result.ts';
import { daemonLeaseReadSubject, daemonLeaseReadSubjects, daemonLeaseSubject } from './daemon-lease.ts';
import { againSubjects, deadSubjects, eventSubjects, retrySubjects } from './event-trigger.ts';
import { invocationStream } from './invocation.ts';
import {
  identityName,
  inboxOf,
  natsToken,
  type PlatformIdentity,
  type TenantIdentity,
} from './platform-identity.ts';
import { statusBucket } from './process-status.ts';
import { scheduleMarkReadSubject, scheduleMarkSubject, scheduleStream } from './schedule-mark.ts';

export interface NatsRights {
  readonly publish: readonly string[];
  /** Of what `publish` says, not this: a part of a stream's name cannot be a right. */
  readonly neverPublish?: readonly string[];
  readonly subscribe: readonly string[];
}

const kvStream = `KV_${statusBucket.name}`;
/** Status records as messages: `<prefix>.<key>`. */
export const statusSubject = `$KV.${statusBucket.name}`;
const { name: invocations, consumer, subjects } = invocationStream;

/** Subjects that tenants reach the platform's account by; nothing else crosses. Of JetStream's API only the reading of one key. */
export const tenantServices: readonly string[] = [
  ...subjects,
  `${statusSubject}.>`,
  ledgerSubject('>'),
  ledgerReadSubjects,
  daemonLeaseSubject('>'),
  daemonLeaseReadSubjects,
  approvalSubjects,
];

/** Of versions in which all namespaces shared one: nobody reads them, and what they reserve of the disk is others'. */
export const formerStreams = ['KV_CLRK_BUDGET', 'KV_CLRK_DAEMONS'] as const;

/** Of the server's own account: new claims of an account, in force at once. */
export const claimsUpdateSubject = '$SYS.REQ.CLAIMS.UPDATE';

/** Workers ask the gateways of their namespace to say where they are. */
export function helloSubject(namespace: string): string {
  return `clrk.hello.${natsToken(namespace)}`;
}

/** JetStream API subjects that watching and reading the status bucket need (KV is a stream; a watch is a consumer). */
const readStatus = [
  '$JS.API.INFO',
  // Whoever comes first makes the bucket; STREAM.CREATE of an existing one with another configuration is refused.
  `$JS.API.STREAM.CREATE.${kvStream}`,
  `$JS.API.STREAM.INFO.${kvStream}`,
  `$JS.API.STREAM.MSG.GET.${kvStream}`,
  `$JS.API.DIRECT.GET.${kvStream}`,
  `$JS.API.DIRECT.GET.${kvStream}.>`,
  `$JS.API.CONSUMER.CREATE.${kvStream}`,
  `$JS.API.CONSUMER.CREATE.${kvStream}.>`,
  `$JS.API.CONSUMER.INFO.${kvStream}.>`,
  `$JS.API.CONSUMER.DELETE.${kvStream}.>`,
  `$JS.FC.${kvStream}.>`,
];

const publishInvocations = ['$JS.API.STREAM.NAMES', `$JS.API.STREAM.INFO.${invocations}`, ...subjects];

const platformRights: Readonly<Record<'operator' | 'ingress' | 'telemetry', readonly string[]>> = {
  operator: [
    ...readStatus,
    `$JS.API.STREAM.CREATE.${scheduleStream}`,
    `$JS.API.STREAM.UPDATE.${scheduleStream}`,
    `$JS.API.STREAM.INFO.${scheduleStream}`,
    scheduleMarkReadSubject('>'),
    // Leases and budgets have a stream for each namespace, and a part of a name cannot be a right. None that is there is changed by it.
    '$JS.API.STREAM.CREATE.*',
    ...formerStreams.map((name) => `$JS.API.STREAM.DELETE.${name}`),
    // How full the stream of records is: nothing of what is in it.
    `$JS.API.STREAM.INFO.${invocations}`,
    // Of agents that no worker knows yet.
    daemonLeaseSubject('>'),
    // Events of each namespace have streams and consumers of their own; those of records are told apart below.
    '$JS.API.STREAM.UPDATE.*',
    '$JS.API.CONSUMER.CREATE.*.*',
    '$JS.API.CONSUMER.DELETE.*.*',
    '$JS.API.CONSUMER.LIST.*',
    // Its answers to gateways that ask for approval: a question of the tenants' account comes with a reply subject of this form.
    '_R_.>',
  ],
  ingress: [
    ...readStatus,
    `${statusSubject}.ingress.>`,
    ...publishInvocations,
    // What it asks the time by.
    `$JS.API.STREAM.INFO.${scheduleStream}`,
    scheduleMarkReadSubject('>'),
    scheduleMarkSubject('>'),
    resultsWantedSubject('*'),
    resultSubjects('>'),
    resultReadSubjects,
    eventSubjects,
    retrySubjects,
    againSubjects,
    deadSubjects,
    '$JS.API.CONSUMER.MSG.NEXT.*.*',
    '$JS.ACK.>',
  ],
  telemetry: [
    ...readStatus,
    ...publishInvocations,
    `$JS.API.STREAM.CREATE.${invocations}`,
    `$JS.API.STREAM.UPDATE.${invocations}`,
    `$JS.API.STREAM.PURGE.${invocations}`,
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
};

/** Consumers of events have streams of every namespace; the one of records is telemetry's alone, and so is what it holds. */
const neverOfRecords = [
  `$JS.API.STREAM.UPDATE.${invocations}`,
  `$JS.API.CONSUMER.CREATE.${invocations}.>`,
  `$JS.API.CONSUMER.DELETE.${invocations}.>`,
  `$JS.API.CONSUMER.MSG.NEXT.${invocations}.>`,
  `$JS.ACK.${invocations}.>`,
  `$JS.ACK.*.*.${invocations}.>`,
];

/** Own status and own events out; of others only where the gateways of the same namespace are, and that they are asked. */
function tenantRights(identity: TenantIdentity): NatsRights {
  const namespace = natsToken(identity.namespace);
  const own = `${statusSubject}.${identityName(identity)}.>`;
  const inbox = `${inboxOf(identity)}.>`;
  const hello = helloSubject(identity.namespace);
  if (identity.role === 'egress') {
    // The budgets of its namespace: its gateways count together.
    const budgets = [ledgerSubjects(identity.namespace), ledgerReadSubject(`${namespace}.>`)];
    return { publish: [own, ...budgets, approvalSubject(identity)], subscribe: [inbox, hello] };
  }
  // The daemons of its namespace: an agent may move from pool to pool, and must not run in two.
  const leases = [daemonLeaseSubject(`${namespace}.>`), daemonLeaseReadSubject(`${namespace}.>`)];
  return {
    publish: [own, ...leases, `clrk.invocations.${namespace}.${natsToken(identity.name)}.>`, hello],
    subscribe: [inbox, `${statusSubject}.egress.${namespace}.>`],
  };
}

export function natsRights(identity: PlatformIdentity): NatsRights {
  if ('namespace' in identity) return tenantRights(identity);
  const { role } = identity;
  const heard = role === 'operator' ? [approvalSubjects, resultsWantedSubject('*'), deadSubjects] : [];
  return {
    publish: platformRights[role],
    ...(role === 'telemetry' ? {} : { neverPublish: neverOfRecords }),
    subscribe: [`${inboxOf(identity)}.>`, ...heard],
  };
}
