/** An MCPRoute whose rules send calls of one session to several servers. */
import { placesOfRule } from '../backend-use.ts';
import type { Rule } from '../rule.ts';

export const mcpSessionSplit: Rule = {
  id: 'mcp-session-split',
  severity: 'warn',
  title: 'An MCPRoute whose rules send calls of one session to several servers',
  why: 'A session of MCP lives at the server that began it: a call that another rule sends somewhere else names a session that nobody knows there, and a batch of both is refused. Only servers without sessions (of the revision of 2026-07-28) answer both.',
  fix: 'Give every rule of the route the same backendRefs, or make a route with hostnames of its own.',
  *check(world) {
    for (const { manifest, namespace, spec } of world.own('MCPRoute')) {
      const places = (spec.rules ?? []).map((rule) => placesOfRule(world, namespace, rule));
      const other = places.findIndex((place) => place !== places[0]);
      if (other < 0) continue;
      const message = `rule ${other} sends its calls somewhere else than rule 0: a session that begins at one place goes on at the other`;
      yield { manifest, path: ['spec', 'rules', other], message };
    }
  },
};
