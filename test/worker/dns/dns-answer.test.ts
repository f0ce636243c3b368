import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerDns, type NameVerdict } from '../../../worker/dns/dns-answer.ts';
import type { Hostname } from '../../../contract/index.ts';

const decide = (name: Hostname): NameVerdict =>
  (name as string) === 'api.example.com'
    ? { open: true, address: '198.18.1.0' }
    : { open: false, reason: 'dns_policy' };

const question = (
  name: string,
  type: dnsPacket.RecordType = 'A',
  more: Partial<dnsPacket.Packet> = {},
): Buffer =>
  dnsPacket.encode({
    type: 'query',
    id: 7,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ name, type, class: 'IN' }],
    ...more,
  });

const rcodeOf = (response: Buffer | undefined): number => (response?.readUInt8(3) ?? 0xff) & 0x0f;

describe('a DNS question', () => {
  test.each([
    ['api.example.com', 'A', 0, ['198.18.1.0']],
    ['API.Example.COM', 'A', 0, ['198.18.1.0']],
    ['api.example.com', 'AAAA', 0, []],
    ['api.example.com', 'TXT', 0, []],
    ['api.example.com', 'SRV', 0, []],
    ['other.example.com', 'A', 3, []],
    ['other.example.com', 'AAAA', 3, []],
    ['api.example.com.attacker.example', 'A', 3, []],
  ] as const)('%s %s gets rcode %i and %j', (name, type, rcode, addresses) => {
    const { response } = answerDns(question(name, type), decide);
    expect(rcodeOf(response)).toBe(rcode);
    const packet = dnsPacket.decode(response ?? Buffer.alloc(0));
    expect(packet.id).toBe(7);
    expect(packet.questions?.[0]?.name).toBe(name);
    expect(packet.answers?.map((answer) => ('data' in answer ? answer.data : ''))).toEqual(addresses);
  });

  test('S7: only a refused one is recorded, with its reason', () => {
    expect(answerDns(question('api.example.com'), decide).refused).toBeUndefined();
    expect(answerDns(question('leak.attacker.example', 'TXT'), decide).refused).toEqual({
      name: 'leak.attacker.example',
      type: 'TXT',
      reason: 'dns_policy',
    });
  });

  test('who asks with EDNS is told why, and nobody else', () => {
    const edns = { additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] }] };
    const ask = (more: object) =>
      dnsPacket.decode(
        answerDns(question('other.example.com', 'A', more), decide).response ?? Buffer.alloc(0),
      ).additionals;
    expect(ask(edns)).toMatchObject([{ type: 'OPT', options: [{ code: 15, data: Buffer.from([0, 18]) }] }]);
    expect(ask({})).toEqual([]);
  });

  test('S19: HTTPS and SVCB records (and with them ECH) are never answered', () => {
    const query = question('api.example.com');
    // Type 65 (HTTPS), which the codec knows no name for.
    query.writeUInt16BE(65, query.length - 4);
    const { response } = answerDns(query, decide);
    expect(rcodeOf(response)).toBe(0);
    expect(response?.readUInt16BE(6)).toBe(0);
  });

  test.each([
    ['shorter than a header', Buffer.alloc(11), undefined],
    [
      'a response',
      (() => {
        const b = question('api.example.com');
        b.writeUInt8(0x80, 2);
        return b;
      })(),
      undefined,
    ],
    ['over 512 bytes', Buffer.concat([question('api.example.com'), Buffer.alloc(600)]), 1],
    ['without a question', dnsPacket.encode({ type: 'query', id: 1, questions: [] }), 1],
    [
      'with two questions',
      dnsPacket.encode({
        type: 'query',
        id: 1,
        questions: [
          { name: 'api.example.com', type: 'A' },
          { name: 'api.example.com', type: 'A' },
        ],
      }),
      1,
    ],
    ['cut in the middle', question('api.example.com').subarray(0, 20), 1],
    [
      'of another class',
      question('api.example.com', 'A', { questions: [{ name: 'api.example.com', type: 'A', class: 'CH' }] }),
      5,
    ],
    ['for no host name', question('exa mple.com'), 3],
  ])('%s gets rcode %s', (_what, query, rcode) => {
    const { response } = answerDns(query, decide);
    if (rcode === undefined) expect(response).toBeUndefined();
    else expect(rcodeOf(response)).toBe(rcode);
  });

  test('never throws, never grows much and never opens what was not decided, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
        const query = Buffer.from(bytes);
        const { response } = answerDns(query, () => ({ open: false, reason: 'dns_policy' }));
        if (response === undefined) return;
        // Not an amplifier, and no answer section.
        expect(response.length).toBeLessThanOrEqual(Math.max(12, query.length + 300));
        expect(response.readUInt16BE(6)).toBe(0);
        expect(response.subarray(0, 2)).toEqual(query.subarray(0, 2));
      }),
    );
  });
});
