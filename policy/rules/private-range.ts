/** A route that opens private addresses. */
import { privateCidrs } from '../../contract/index.ts';
import { celList, destinationRanges, everyCidr, privateIn } from '../destination-range.ts';
import type { Rule } from '../rule.ts';

export const privateRange: Rule = {
  id: 'private-range',
  severity: 'warn',
  title: 'A route that opens private addresses',
  why: 'Private ranges hold pods, services, databases and the API server. An agent behind such a route is inside your network; the platform’s own addresses stay closed, everything else in the range opens.',
  fix: 'Narrow it to the service’s own addresses and ports, and waive the finding with the reason.',
  promises: ['S26'],
  *check(world) {
    for (const { manifest, path, text, cidr } of destinationRanges(world)) {
      const found = privateIn(cidr);
      if (found.length > 0)
        yield { manifest, path, message: `"${text}" opens private addresses (${found.join(', ')})` };
    }
  },
  admission: [
    {
      resources: ['egressl4routes'],
      expression: everyCidr(
        `!isCIDR(c) || !${celList(privateCidrs)}.exists(p, cidr(p).containsCIDR(c) || cidr(c).containsCIDR(p))`,
      ),
      message: 'the route opens private addresses: pods, services, databases and the API server are there',
    },
  ],
};
