/** A gateway that lets through what no route opens, to find out what that is. */
import type { Rule } from '../rule.ts';

export const gatewayAudits: Rule = {
  id: 'gateway-audits',
  severity: 'error',
  title: 'A gateway that audits and enforces nothing',
  why: 'With enforcement Audit every public destination is open, without a credential, and only recorded. That is for the time in which routes are written, and easily forgotten.',
  fix: 'Waive it for as long as you look (`clrk waive`, at most 90 days), write the routes that records name in clrk.audit.opens, then remove enforcement.',
  promises: ['S52'],
  *check(world) {
    for (const { manifest, spec } of world.own('EgressGateway')) {
      if (spec.enforcement !== 'Audit') continue;
      const message = 'enforcement Audit opens every public destination, without a credential';
      yield { manifest, path: ['spec', 'enforcement'], message };
    }
  },
};
