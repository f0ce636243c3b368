/** The images the cluster proof needs in the cluster: the platform's two, a registry, and the stand-in with its client. */
import { join } from 'node:path';
import { provideBundle } from '../../../bin/bundle.mjs';
import { platformImage } from '../../../contract/index.ts';
import { natsProgram, platformProgram } from '../../../local/index.ts';
import { repositoryRoot } from '../../../local/root.ts';
import { provideTools } from '../../../local/tool-paths.ts';
import {
  agentUser,
  buildImage,
  buildNatsImage,
  buildPlatformImage,
  buildRootfsImage,
  programEntries,
  textFile,
} from '../../../oci/index.ts';

export const registryImage = 'clrk.apoxy.dev/e2e-registry:0.1.0';
export const standInImage = 'clrk.apoxy.dev/e2e-stand-in:0.1.0';
export const registryPort = 5000;

const registryConfig = `version: 0.1
storage: { filesystem: { rootdirectory: /data } }
http: { addr: ":${registryPort}" }
log: { level: warn }
`;
const quiet = (): void => undefined;

async function buildRegistry(output: string): Promise<void> {
  const toolPath = await provideTools((_, work) => work(quiet));
  const program = '/usr/local/bin/registry';
  await buildRootfsImage({
    name: registryImage,
    files: [
      ...(await programEntries(toolPath('registry'), { at: program })),
      textFile('etc/registry.yml', registryConfig),
    ],
    config: {
      entrypoint: [program, 'serve', '/etc/registry.yml'],
      user: `${agentUser.uid}:${agentUser.gid}`,
    },
    output,
  });
}

/** Builds all of them; gives one OCI layout an image, as `ctr images import` and cluster.sh take them. */
export async function buildClusterImages(folder: string): Promise<readonly string[]> {
  const layouts = ['platform', 'nats', 'registry', 'stand-in'].map((name) => join(folder, name));
  const [platform = '', nats = '', registry = '', standIn = ''] = layouts;
  await provideBundle();
  await buildPlatformImage({ ...(await platformProgram(quiet)), name: platformImage, output: platform });
  await buildNatsImage({ ...(await natsProgram(quiet)), output: nats });
  await buildRegistry(registry);
  await buildImage({
    entry: join(repositoryRoot, 'test/e2e/cluster/stand-in/main.ts'),
    name: standInImage,
    output: standIn,
  });
  return layouts;
}
