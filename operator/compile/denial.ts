/** EgressDenyPolicies to the answers of the routes they target. The oldest policy at a route applies (GEP-713). */
import type { DenyAnswer } from '../../contract/index.ts';
import { kinds } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { policiesAt } from './policy-precedence.ts';

// As the API says: 403 when nothing else is said.
const defaultStatus = 403;

export function denialAt(
  world: World,
  kind: 'AIProviderRoute' | 'MCPRoute' | 'EgressL4Route' | 'EgressHTTPRoute',
  route: { readonly metadata: { readonly namespace: string; readonly name: string } },
): DenyAnswer | undefined {
  const { namespace, name } = route.metadata;
  const [policy] = policiesAt(world, kinds.egressDenyPolicy, namespace, { kind, name });
  if (policy === undefined) return undefined;
  const { statusCode = defaultStatus, message } = policy.spec.denyResponse ?? {};
  return {
    policy: { namespace, name: policy.metadata.name },
    status: statusCode,
    ...(message === undefined ? {} : { message }),
  };
}
