/**
 * The scripts that bring up a real cluster and real GitOps controllers. They are not part of this repository: they lie
 * beside it in the makers' workspace (`../shared/tools`), or where CLRK_PROOF_TOOLS says.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../../local/root.ts';

const folder = process.env['CLRK_PROOF_TOOLS'] ?? join(repositoryRoot, '..', 'shared', 'tools');

/** The script's path, or undefined where there is none. */
export function proofTool(name: 'cluster.sh' | 'gitops.sh'): string | undefined {
  const path = join(folder, name);
  return existsSync(path) ? path : undefined;
}
