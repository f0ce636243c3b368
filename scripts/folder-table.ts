/**
 * Which folder may import which: the table of docs/architecture.md as data. `process`, `pki` and `oci` are leaf
 * folders added to it (docs/decisions/001-leaf-folders.md). A folder that is not here may import nothing.
 */
const everything = ['*'] as const;

export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  api: [],
  contract: [],
  pki: ['contract'],
  process: ['contract'],
  oci: ['contract'],
  constructs: ['api'],
  decision: ['contract'],
  policy: ['api', 'contract', 'decision'],
  operator: ['api', 'contract', 'decision', 'policy', 'process', 'pki'],
  ingress: ['contract', 'process'],
  worker: ['contract', 'process', 'oci'],
  egress: ['contract', 'decision', 'process', 'pki'],
  telemetry: ['contract', 'api', 'process'],
  // What is refused at admission is made from the rules themselves.
  apps: ['constructs', 'policy'],
  // The stand-in of a provider makes its own certificates, and example images are built by the code users build with.
  examples: ['constructs', 'contract', 'pki', 'oci'],
  cli: everything,
  local: everything,
  scripts: everything,
  bench: everything,
  test: everything,
};

/** Folders that may look behind another folder's door, because they are its inside out: its tests. */
export const mayEnterAnyFile: readonly string[] = ['test', 'bench'];

/** Folders whose sub-folders are doors of their own: an example is complete in itself. */
export const foldersOfDoors: readonly string[] = ['examples', 'bench'];

/** Packages of ours and the folder each one is. */
export const ownPackages: Readonly<Record<string, string>> = { '@clrk/constructs': 'constructs' };
