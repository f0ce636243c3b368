/**
 * An agent's state on this worker: one directory per agent, shared by its sandboxes, with a soft size limit that is
 * checked before a sandbox is made (reference b). Walks are bounded; a directory too large to walk is over its limit.
 */
import { chown, mkdir, opendir, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentRef, PoolAgent } from '../../contract/index.ts';
import { DispatchError } from '../dispatch/dispatch-error.ts';

const maxEntries = 100_000;

/** Bytes on disk of everything under a directory; stops counting once over the limit. */
async function usedBytes(directory: string, limit: number): Promise<number> {
  const pending = [directory];
  let bytes = 0;
  let entries = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for await (const entry of await opendir(next)) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else bytes += (await lstat(path).catch(() => undefined))?.size ?? 0;
      entries += 1;
      if (bytes > limit || entries > maxEntries) return Number.POSITIVE_INFINITY;
    }
  }
  return bytes;
}

export function agentStateDirectory(root: string, agent: AgentRef): string {
  return join(root, agent.namespace, agent.name);
}

/** The host directory to mount, or undefined for an agent without state. Throws STATE_FULL. */
export async function openState(
  root: string,
  agent: PoolAgent,
  user: { readonly uid: number; readonly gid: number },
): Promise<string | undefined> {
  if (agent.state === undefined) return undefined;
  const directory = agentStateDirectory(root, agent);
  const made = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (made !== undefined) await chown(directory, user.uid, user.gid);
  const limit = agent.state.sizeLimitBytes;
  if (limit > 0 && (await usedBytes(directory, limit)) > limit) {
    throw new DispatchError(
      'STATE_FULL',
      `the state of TaskAgent ${agent.namespace}/${agent.name} is over its ${limit} bytes`,
      'Raise spec.state.sizeLimitMB, or let the agent clean up.',
    );
  }
  return directory;
}
