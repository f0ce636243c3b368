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

/** What the ingress is reached by through the API server's proxy. Pure. */
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
