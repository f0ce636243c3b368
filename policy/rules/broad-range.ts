/** A route that opens a large part of the internet by address. */
import { destinationRanges, everyCidr } from '../destination-range.ts';
import type { Rule } from '../rule.ts';

// Wider than any one organisation's network: a /8 is the largest block IANA hands out, a /20 its IPv6 counterpart.
const least = { 4: 8, 6: 20 } as const;

export const broadRange: Rule = {
  id: 'broad-range',
  severity: 'error',
  title: 'A route that opens a large part of the internet by address',
  why: 'A range this wide is allow-all in other words, and connections by address carry no name that policy or a reviewer could judge.',
  fix: 'Name the ranges of the service, or its hostnames.',
  promises: ['S52'],
  *check(world) {
    for (const { manifest, path, text, cidr } of destinationRanges(world)) {
      const bound = least[cidr.family];
      if (cidr.prefix >= bound) continue;
      yield { manifest, path, message: `"${text}" is wider than a /${bound}` };
    }
  },
  admission: [
    {
      resources: ['egressl4routes'],
      expression: everyCidr(
        `!isCIDR(c) || cidr(c).prefixLength() >= (cidr(c).ip().family() == 4 ? ${least[4]} : ${least[6]})`,
      ),
      message: `a range wider than a /${least[4]} (IPv6: /${least[6]}) is allow-all in other words: name the service's ranges or hostnames`,
    },
  ],
};
