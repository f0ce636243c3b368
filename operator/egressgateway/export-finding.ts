/**
 * The conditions RecordsExported and SinksExported: whether the copies of a gateway's records arrive where its owner wants them, of all
 * and of some, and if not, why. Pure.
 */
import type {
  ExportFault,
  ExportState,
  GatewayStatus,
  RecordExport,
  RecordSink,
} from '../../contract/index.ts';
import { readExportEndpoint } from '../../decision/index.ts';
import type { Finding } from '../runtime/index.ts';

/** They lose nothing by it. */
const kept = 'the store of the platform has them all the same';

const broken: Readonly<Record<string, string>> = {
  EndpointInvalid: 'its endpoint is no http:// or https:// URL, or has a user, a password or a fragment',
  EndpointClosed: 'its endpoint is an address that is never open (loopback, link-local, metadata)',
  HeaderInvalid: 'a header is none, stands twice, or is one that OTLP sets itself',
  SecretNotFound: 'a Secret of its headersFrom, or its key, is missing',
};

function wordsOf({ code, status }: ExportFault): string {
  switch (code) {
    case 'Unreachable':
      return 'the receiver cannot be reached, or broke off';
    case 'TlsRefused':
      return "the receiver's certificate is not trusted";
    case 'AddressRefused':
      return 'its name stands for an address that is never open, or the platform’s own';
    case 'TimedOut':
      return 'the receiver did not answer in time';
    case 'Answered':
      return `the receiver answered ${status ?? 'an error'}`;
    default:
      return code satisfies never;
  }
}

type Verdict = Omit<Finding, 'type'>;

function verdict(status: Finding['status'], reason: string, message: string): Verdict {
  return { status, reason, message };
}

function where({ endpoint }: RecordExport): string {
  const at = readExportEndpoint(endpoint);
  return at === undefined ? 'the receiver' : `${at.hostname}:${at.port}`;
}

/** `what`: it gets a copy of. */
function judgeReceiver(wanted: RecordExport, states: readonly ExportState[], what: string): Verdict {
  if (wanted.broken !== undefined) {
    const why = broken[wanted.broken] ?? 'what is written cannot be carried out';
    return verdict('False', wanted.broken, `no copy is sent: ${why}; ${kept}`);
  }
  const failing = states.find(({ fault }) => fault !== undefined)?.fault;
  if (failing !== undefined) {
    const count = states.filter(({ fault }) => fault !== undefined).length;
    const who = `${count} of ${states.length} replicas`;
    return verdict('False', 'ExportFailing', `${where(wanted)}: ${wordsOf(failing)} (${who}); ${kept}`);
  }
  if (states.some(({ losing }) => losing)) {
    const message = `copies were lost: ${where(wanted)} refused them, or did not take them as fast as they came; ${kept}`;
    return verdict('False', 'RecordsLost', message);
  }
  if (states.some(({ arrived }) => arrived)) {
    return verdict('True', 'Exporting', `${where(wanted)} gets a copy of ${what}`);
  }
  return verdict('Unknown', 'NothingSentYet', 'no record was sent under the current config');
}

/** `reports`: of replicas that run the current config. undefined: no copy is asked for. */
export function exportFinding(
  wanted: RecordExport | undefined,
  reports: readonly GatewayStatus[],
): Finding | undefined {
  if (wanted === undefined) return undefined;
  const states = reports.flatMap(({ recordExport }) => (recordExport === undefined ? [] : [recordExport]));
  return { type: 'RecordsExported', ...judgeReceiver(wanted, states, 'every record') };
}

const order: ReadonlyArray<Finding['status']> = ['False', 'Unknown', 'True'];

/** The worst of all sinks, each of those by its name. undefined: there are none. */
export function sinksFinding(
  sinks: readonly RecordSink[],
  reports: readonly GatewayStatus[],
): Finding | undefined {
  const judged = sinks.map((sink) => {
    const states = reports.flatMap(({ recordSinks = {} }) => recordSinks[sink.name] ?? []);
    const { message, ...rest } = judgeReceiver(sink, states, 'the records of calls whose policies name it');
    return { ...rest, message: `sink ${sink.name}: ${message}` };
  });
  const worst = order.find((status) => judged.some((each) => each.status === status));
  const told = judged.filter(({ status }) => status === worst);
  const [first] = told;
  return first && { ...first, type: 'SinksExported', message: told.map(({ message }) => message).join('; ') };
}
