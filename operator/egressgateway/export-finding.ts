/** The condition RecordsExported: whether the copies of a gateway's records arrive where its owner wants them, and if not, why. Pure. */
import type { ExportFault, GatewayStatus, RecordExport } from '../../contract/index.ts';
import { readExportEndpoint } from '../../decision/index.ts';
import type { Finding } from '../runtime/index.ts';

const type = 'RecordsExported';
/** They lose nothing by it. */
const kept = 'the store of the platform has them all the same';

const broken: Readonly<Record<string, string>> = {
  EndpointInvalid: 'otlp.endpoint is no http:// or https:// URL, or has a user, a password or a fragment',
  EndpointClosed: 'otlp.endpoint is an address that is never open (loopback, link-local, metadata)',
  HeaderInvalid: 'a header is none, stands twice, or is one that OTLP sets itself',
  SecretNotFound: 'a Secret of otlp.headersFrom, or its key, is missing',
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

function finding(status: Finding['status'], reason: string, message: string): Finding {
  return { type, status, reason, message };
}

function where({ endpoint }: RecordExport): string {
  const at = readExportEndpoint(endpoint);
  return at === undefined ? 'the receiver' : `${at.hostname}:${at.port}`;
}

/** `reports`: of replicas that run the current config. undefined: no copy is asked for. */
export function exportFinding(
  wanted: RecordExport | undefined,
  reports: readonly GatewayStatus[],
): Finding | undefined {
  if (wanted === undefined) return undefined;
  if (wanted.broken !== undefined) {
    const why = broken[wanted.broken] ?? 'what is written cannot be carried out';
    return finding('False', wanted.broken, `no copy is sent: ${why}; ${kept}`);
  }
  const states = reports.flatMap(({ recordExport }) => (recordExport === undefined ? [] : [recordExport]));
  const failing = states.find(({ fault }) => fault !== undefined)?.fault;
  if (failing !== undefined) {
    const count = states.filter(({ fault }) => fault !== undefined).length;
    const who = `${count} of ${states.length} replicas`;
    return finding('False', 'ExportFailing', `${where(wanted)}: ${wordsOf(failing)} (${who}); ${kept}`);
  }
  if (states.some(({ losing }) => losing)) {
    const message = `copies were lost: ${where(wanted)} refused them, or did not take them as fast as they came; ${kept}`;
    return finding('False', 'RecordsLost', message);
  }
  if (states.some(({ arrived }) => arrived)) {
    return finding('True', 'Exporting', `${where(wanted)} gets a copy of every record`);
  }
  return finding('Unknown', 'NothingSentYet', 'no record was sent under the current config');
}
