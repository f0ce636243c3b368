/** Renders kubeconfig files: for people and the controller manager (token inside) and for pods (token in a file). */
import { stringify } from 'yaml';

interface KubeconfigInput {
  readonly server: string;
  readonly caPem: string;
  readonly context: string;
  readonly user: object;
  readonly namespace?: string;
}

function render({ server, caPem, context, user, namespace }: KubeconfigInput): string {
  const cluster = { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: context, cluster }],
    users: [{ name: context, user }],
    contexts: [
      {
        name: context,
        context: { cluster: context, user: context, ...(namespace === undefined ? {} : { namespace }) },
      },
    ],
    'current-context': context,
  });
}

export function renderTokenKubeconfig(server: string, caPem: string, token: string): string {
  return render({ server, caPem, context: 'clrk-dev', user: { token } });
}

/**
 * `auth-provider: tokenFile` is what @kubernetes/client-node makes of an in-cluster service account: it reads the file
 * again every minute, so that a refreshed token is taken up (its `tokenFile` field is read once only).
 */
export function renderPodKubeconfig(
  server: string,
  caPem: string,
  tokenFile: string,
  namespace: string,
): string {
  const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } };
  return render({ server, caPem, context: 'clrk-pod', user, namespace });
}
