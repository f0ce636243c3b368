/** The pinned kubectl against a control plane of a test. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ControlPlane } from '../operator/control-plane.ts';

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const tool = join(
  process.env['CLRK_CACHE'] ?? join(homedir(), '.cache/clrk/tools'),
  'kubectl',
  '1.34.2',
  'kubectl',
);

export function kubectl(plane: ControlPlane, args: readonly string[], input = ''): Answer {
  const config = join(plane.directory, 'kubectl.yaml');
  if (!existsSync(config)) writeFileSync(config, plane.config().exportConfig(), { mode: 0o600 });
  const ran = spawnSync(tool, [`--kubeconfig=${config}`, ...args], {
    input,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}
