/** A rule that asks a person, at a host that is reached without one. */
import { isDenied } from '../destination-range.ts';
import type { Path } from '../manifest/path.ts';
import type { Rule } from '../rule.ts';
import { topologyOf } from '../topology.ts';
import { widenerOf } from '../widening.ts';
import type { Item, World } from '../world.ts';

type Asking = Item<'EgressHTTPRoute' | 'AIProviderRoute' | 'MCPRoute'>;

/** Where a route says first that a person is asked. */
function placeOf({ kind, spec }: Asking): Path | undefined {
  for (const [index, rule] of (spec.rules ?? []).entries()) {
    if ('approval' in rule && rule.approval === 'Required') return ['spec', 'rules', index, 'approval'];
    if (kind !== 'MCPRoute') continue;
    const asks = (rule.filters ?? []).some(
      (filter) => 'toolPolicy' in filter && (filter.toolPolicy?.requireConfirmation ?? []).length > 0,
    );
    if (asks) return ['spec', 'rules', index, 'filters'];
  }
  return undefined;
}

function asking(world: World): Asking[] {
  return [...world.own('EgressHTTPRoute'), ...world.own('AIProviderRoute'), ...world.own('MCPRoute')];
}

export const approvalBypassed: Rule = {
  id: 'approval-bypassed',
  severity: 'warn',
  title: 'A rule that asks a person, at a host that is reached without one',
  why: 'Routes add to each other. Where an EgressL4Route or allow-all opens the host, only calls that the gateway reads and the rule takes wait for a person. Other calls pass, and so do bytes that are no HTTP, which nobody reads: a server that takes both has been opened without a person.',
  fix: 'Take the host out of the EgressL4Route; name in the route the calls that need nobody.',
  *check(world) {
    for (const route of asking(world)) {
      const path = placeOf(route);
      if (path === undefined || isDenied(world, route)) continue;
      for (const gateway of topologyOf(world).gatewaysOf(route)) {
        const why = widenerOf(world, gateway, route);
        if (why === undefined) continue;
        const message = `${why}: what is no call that the rule takes passes without a person`;
        yield { manifest: route.manifest, path, message };
      }
    }
  },
};
