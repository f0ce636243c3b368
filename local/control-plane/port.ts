/**
 * Ports of the control plane: fixed where a person sees them, else free ones that are remembered, so that a second
 * start listens where the first did. A taken fixed port is an error that names it; a taken remembered one is replaced.
 */
import { createServer } from 'node:net';
import { ClrkError } from '../../contract/index.ts';

/** What a person may type or read. 5100: the registry's own default, 5000, is often taken. */
export const fixedPorts = { apiserver: 16443, registry: 5100 } as const;

export const hiddenPorts = ['etcd', 'etcdPeer', 'nats', 'controllerManager'] as const;

/** Undefined when the port can be bound on 127.0.0.1, else the error's code. */
export function tryPort(port: number): Promise<{ readonly port: number } | { readonly code: string }> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve({ code: error.code ?? 'EUNKNOWN' }));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      const bound = address !== null && typeof address === 'object' ? address.port : port;
      server.close(() => resolve({ port: bound }));
    });
  });
}

export async function claimFixedPort(name: string, port: number): Promise<number> {
  const answer = await tryPort(port);
  if ('port' in answer) return port;
  throw new ClrkError(
    'PORT_IN_USE',
    `port ${port} on 127.0.0.1 is taken, the ${name} needs it (${answer.code})`,
    {
      hint: `See who has it with \`ss -ltnp sport = :${port}\` and stop that, or run \`clrk dev down\` if it is ours.`,
    },
  );
}

/** The remembered port when it is still free, else another one. */
export async function claimHiddenPort(remembered: number | undefined): Promise<number> {
  const answer = await tryPort(remembered ?? 0);
  if ('port' in answer) return answer.port;
  const other = await tryPort(0);
  if ('port' in other) return other.port;
  throw new ClrkError('PORT_IN_USE', `no free port on 127.0.0.1 (${other.code})`);
}
