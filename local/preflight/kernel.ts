/**
 * Tries the kernel features that sandboxes need, in a namespace of its own that is removed again: namespaces, veth,
 * nftables with TPROXY. Trying beats reading versions: containers and hardened kernels lie about what they allow.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { ClrkError } from '../../contract/index.ts';

const run = promisify(execFile);

const tproxyRules = `table inet probe {
  chain prerouting {
    type filter hook prerouting priority mangle
    iifname "probe*" meta l4proto tcp tproxy ip to 127.0.0.1:1 meta mark set 1 accept
  }
}
`;

function feed(command: string, args: readonly string[], input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { stdio: ['pipe', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-500)));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(text.trim().split('\n')[0] ?? '')),
    );
    child.stdin.end(input);
  });
}

/** Throws KERNEL_FEATURE with the first feature that is missing. */
export async function requireKernelFeatures(): Promise<void> {
  const name = `clrk-probe-${randomBytes(3).toString('hex')}`;
  const attempt = async (feature: string, hint: string, work: () => Promise<unknown>): Promise<void> => {
    await work().catch((cause: unknown) => {
      const why = cause instanceof Error ? (cause.message.split('\n').at(-1) ?? '') : '';
      throw new ClrkError('KERNEL_FEATURE', `this machine cannot make ${feature}: ${why}`, { hint, cause });
    });
  };
  const container =
    'In a container, run it privileged (CAP_SYS_ADMIN and CAP_NET_ADMIN); on a host, load the module.';
  try {
    await attempt('network namespaces', container, () => run('ip', ['netns', 'add', name]));
    await attempt('veth pairs', `${container} Module: veth.`, () =>
      run('ip', ['-n', name, 'link', 'add', 'probe0', 'type', 'veth', 'peer', 'name', 'probe1']),
    );
    await attempt('nftables rules with TPROXY', `${container} Modules: nf_tables, nft_tproxy.`, () =>
      feed('ip', ['netns', 'exec', name, 'nft', '-f', '-'], tproxyRules),
    );
  } finally {
    await run('ip', ['netns', 'del', name]).catch(() => undefined);
  }
}
