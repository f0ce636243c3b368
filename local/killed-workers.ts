/**
 * What a worker that had to be killed leaves behind: sandboxes, namespaces, mounts, cgroups. Apart because both ways a
 * platform stops need it, and it loads the worker's native code, which a start must not wait for.
 */
import type { Home } from './home.ts';

/** Of this home's workers only; those that live are left alone. */
export async function clearKilledWorkers(home: Home): Promise<void> {
  const { clearDeadWorkers } = await import('../worker/index.ts');
  await clearDeadWorkers(home.pods);
}
