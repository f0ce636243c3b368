/** `clrk dev reset`: stops the platform and removes all its data. Tools and image caches stay: they hold no state. */
import { rmSync } from 'node:fs';
import { homeFromEnvironment, type Home } from '../home.ts';
import { removeDirectory } from '../node-agent/pod-directory.ts';
import { devDown } from './background.ts';
import type { DevBase } from './dev-options.ts';

/** Only what the platform itself made: the home directory may hold a person's files too. */
export function resetPaths(home: Home): string[] {
  const { kubeconfig, state, auth, pki, config, etcd, nats, registry, logs, images } = home;
  return [kubeconfig, state, auth, pki, config, etcd, nats, registry, logs, images];
}

export async function devReset(options: DevBase): Promise<number> {
  const home = homeFromEnvironment(options.environment);
  await devDown(options);
  // Pods may have left mounts behind; these two are never removed across one.
  removeDirectory(home.pods);
  removeDirectory(home.volumes);
  for (const path of resetPaths(home)) rmSync(path, { recursive: true, force: true });
  options.stdout.write(`removed the data in ${home.root}\n`);
  return 0;
}
