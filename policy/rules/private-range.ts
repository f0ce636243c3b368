/** A route that opens private addresses. */
import { isPrivateAddress } from '../../contract/index.ts';
import { destinationRanges } from '../destination-range.ts';
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
      if (!isPrivateAddress({ family: cidr.family, value: cidr.value })) continue;
      yield { manifest, path, message: `"${text}" is a private range` };
    }
  },
};
