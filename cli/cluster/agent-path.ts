/** Where an agent is called through the API server's proxy. Pure. */
export function agentPath(
  platform: string,
  agent: { readonly namespace: string; readonly agent: string },
  below = '/',
): string {
  const service = `/api/v1/namespaces/${platform}/services/http:clrk-ingress:80/proxy`;
  return `${service}/agents/${encodeURIComponent(agent.namespace)}/${encodeURIComponent(agent.agent)}${below}`;
}
