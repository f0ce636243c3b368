/** Paths by which an agent, or an event, is reached through the API server: its proxy to the ingress, or our aggregated API. Pure. */
import { recordsGroupVersion } from '../../contract/index.ts';

/** Of a call that the cluster's own API vouches for. */
export function invokePath({
  namespace,
  agent,
}: {
  readonly namespace: string;
  readonly agent: string;
}): string {
  const place = `/namespaces/${encodeURIComponent(namespace)}/taskagents/${encodeURIComponent(agent)}`;
  return `/apis/${recordsGroupVersion}${place}/invoke`;
}

const ingressPath = (platform: string): string =>
  `/api/v1/namespaces/${platform}/services/http:clrk-ingress:80/proxy`;

/** Where events of a namespace are published. */
export function eventPath(platform: string, namespace: string, subject: string): string {
  return `${ingressPath(platform)}/events/${encodeURIComponent(namespace)}/${subject}`;
}

export function agentPath(
  platform: string,
  agent: { readonly namespace: string; readonly agent: string },
  below = '/',
): string {
  return `${ingressPath(platform)}/agents/${encodeURIComponent(agent.namespace)}/${encodeURIComponent(agent.agent)}${below}`;
}
