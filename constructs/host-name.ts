/** What a route that a gateway makes is called and where it is: of one host, readable, within what a name may be, and never that of another host. */
import { createHash } from 'node:crypto';
import type { ApiObjectMetadata } from 'cdk8s';
import { maxNameLength, present, type CustomResource } from './custom-resource.ts';

const digestLength = 8;

/** A route of a gateway is in its namespace and attaches to it. */
export function routePropsOf<G extends CustomResource>(
  gateway: G,
): { readonly gateways: readonly G[]; readonly metadata: { namespace?: string } } {
  return { gateways: [gateway], metadata: present({ namespace: gateway.namespace }) };
}

/** Below `owner`: `<owner>-<prefix>-mcp-example-com`, and where that is too long or taken, cut and with a digest. */
export function hostName(
  owner: CustomResource,
  prefix: string,
  host: string,
): { readonly id: string; readonly metadata: ApiObjectMetadata } {
  const readable = `${prefix}-${host.replace('*', 'any').replaceAll(/[^a-z0-9]/g, '-')}`;
  const place = present({ namespace: owner.namespace });
  const digest = createHash('sha256').update(host).digest('hex').slice(0, digestLength);
  const isTaken = owner.node.tryFindChild(readable) !== undefined;
  const id = isTaken ? `${readable}-${digest}` : readable;
  const whole = `${owner.name}-${id}`;
  if (whole.length <= maxNameLength) return { id, metadata: place };
  const room = maxNameLength - digestLength - 1;
  return { id, metadata: { ...place, name: `${whole.slice(0, room).replace(/-+$/, '')}-${digest}` } };
}
