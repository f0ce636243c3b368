/**
 * One DNS question to one answer, as bytes. Pure: the policy comes in as a function, and nothing is ever asked of
 * anyone else, so a query label cannot carry data out (S7). Allowed name: A gives its synthetic address, every other
 * type gives no data (no AAAA, no HTTPS/SVCB records and with them no ECH: S3, S19). A denied name does not exist
 * (NXDOMAIN), because that is the one answer which ends a lookup at once in every resolver: musl waits after REFUSED,
 * glibc calls it temporary. Who asks with EDNS is told the reason (RFC 8914: Prohibited).
 */
import dnsPacket from 'dns-packet';
import { parseHostname, type DenyReason, type Hostname } from '../../contract/index.ts';

// RFC 1035 2.3.4 and 4.2.1: without negotiation a UDP message has at most 512 octets; a query never needs more.
const maxQueryBytes = 512;
const headerBytes = 12;
// Long enough to be cached by an agent for its whole run: the mapping lives as long as the sandbox.
const ttlSeconds = 300;
const rcode = { noError: 0, formErr: 1, nxDomain: 3, notImp: 4, refused: 5 } as const;
// RFC 8914 2 and 5.2: option 15, INFO-CODE 18.
const extendedError = { code: 15, data: Buffer.from([0, 18]) };
const recursionAvailable = 0x80;

export type NameVerdict =
  { readonly open: true; readonly address: string } | { readonly open: false; readonly reason: DenyReason };

export interface DnsOutcome {
  /** Absent: drop the query. */
  readonly response?: Buffer;
  /** What to record. */
  readonly refused?: { readonly name: string; readonly type: string; readonly reason: DenyReason };
}

function respond(
  query: dnsPacket.Packet,
  code: number,
  answers: dnsPacket.Answer[],
  options: readonly object[] = [],
): Buffer {
  // Only who spoke EDNS understands it (RFC 6891 6.1.1).
  const speaksEdns = (query.additionals ?? []).some(({ type }) => type === 'OPT');
  return dnsPacket.encode({
    type: 'response',
    id: query.id ?? 0,
    flags: ((query.flags ?? 0) & dnsPacket.RECURSION_DESIRED) | recursionAvailable | code,
    questions: query.questions ?? [],
    answers,
    ...(speaksEdns
      ? {
          additionals: [
            { type: 'OPT', name: '.', udpPayloadSize: maxQueryBytes, flags: 0, options: [...options] },
          ],
        }
      : {}),
  } as dnsPacket.Packet);
}

/** A header-only error: the question could not be read. */
function formError(query: Buffer): Buffer {
  const response = Buffer.alloc(headerBytes);
  query.copy(response, 0, 0, 2);
  response.writeUInt16BE(0x8000 | recursionAvailable | rcode.formErr, 2);
  return response;
}

function decode(query: Buffer): dnsPacket.DecodedPacket | undefined {
  try {
    return dnsPacket.decode(query);
  } catch {
    return undefined;
  }
}

const isResponse = (query: Buffer): boolean => (query.readUInt8(2) & 0x80) !== 0;
const opcodeOf = (query: Buffer): number => query.readUInt8(2) & 0x78;

/** What to send back. `decide` is asked for canonical names only. */
export function answerDns(query: Buffer, decide: (name: Hostname) => NameVerdict): DnsOutcome {
  // Shorter than a header, or itself a response (which an answer would turn into a loop): not worth a packet.
  if (query.length < headerBytes || isResponse(query)) return {};
  const packet = query.length > maxQueryBytes ? undefined : decode(query);
  if (packet === undefined) return malformed(query);
  if (opcodeOf(query) !== 0) return { response: respond(packet, rcode.notImp, []) };
  const [question, ...more] = packet.questions ?? [];
  if (question === undefined || more.length > 0) return malformed(query);
  return answerQuestion(packet, question, decide);
}

function malformed(query: Buffer): DnsOutcome {
  return { response: formError(query), refused: { name: '', type: '', reason: 'dns_malformed' } };
}

function answerQuestion(
  packet: dnsPacket.Packet,
  question: dnsPacket.Question,
  decide: (name: Hostname) => NameVerdict,
): DnsOutcome {
  const { name: text, type } = question;
  if (question.class !== 'IN') {
    return {
      response: respond(packet, rcode.refused, []),
      refused: { name: text, type, reason: 'dns_malformed' },
    };
  }
  const name = parseHostname(text);
  const verdict: NameVerdict = name === undefined ? { open: false, reason: 'dns_malformed' } : decide(name);
  if (!verdict.open) {
    return {
      response: respond(packet, rcode.nxDomain, [], [extendedError]),
      refused: { name: name ?? text, type, reason: verdict.reason },
    };
  }
  const answers: dnsPacket.Answer[] =
    type === 'A' ? [{ type: 'A', name: text, ttl: ttlSeconds, data: verdict.address }] : [];
  return { response: respond(packet, rcode.noError, answers) };
}
