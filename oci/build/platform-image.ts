/**
 * `clrk image build --platform`: the image of the platform's own processes. One image for all roles: Node, the bundled
 * program with its native packages, runsc and the few tools a worker runs. Same inputs, same digest. There is no shell
 * and no package manager in it.
 */
import { ClrkError } from '../../contract/index.ts';
import { hostArchitecture } from '../host-platform.ts';
import { agentUser } from './base-files.ts';
import { imageName } from './build-image.ts';
import { cachedLayer } from './cached-layer.ts';
import { findProgram } from './find-program.ts';
import { imageCache, imageHome } from './image-home.ts';
import { writeLayer } from './layer-writer.ts';
import { writeImage, type BuiltImage } from './layout-writer.ts';
import { nodeBaseLayer, nodePath } from './node-base.ts';
import { packageFiles } from './package-files.ts';
import { programFiles } from './program-files.ts';
import { programEntries } from './shared-libraries.ts';
import { directoryEntry, textFile, type TreeEntry } from './tree-entry.ts';

export interface PlatformImageOptions {
  /** `[HOST/]NAME[:TAG]`, as Deployments name it. */
  readonly name: string;
  /** The bundled program's entry. */
  readonly program: string;
  /** The node_modules with the program's native packages. */
  readonly packages: string;
  /** Pinned tools by name, put into /usr/local/bin. */
  readonly tools: Readonly<Record<string, string>>;
  /** Layout directory to put it in. Default: the local image store. */
  readonly output?: string;
  /** Where packed layers are kept. */
  readonly cache?: string;
}

/** What the bundle leaves out (bin/bundle.mjs) and a role loads. */
const nativePackages = ['koffi', 'chdb'];
/** What a worker runs beside runsc, and the Debian package of each. */
const systemPrograms = {
  ip: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  mount: 'mount',
  umount: 'mount',
  losetup: 'mount',
  'mkfs.ext4': 'e2fsprogs',
  e2fsck: 'e2fsprogs',
  resize2fs: 'e2fsprogs',
  sync: 'coreutils',
} as const;
const appDirectory = 'app';
/** nft reads and writes protocols by name (netbase's file, cut down to what the worker's rules and records name). */
const protocols = 'icmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6-icmp 58 IPv6-ICMP\n';

async function systemFiles(): Promise<readonly TreeEntry[]> {
  const files = Object.entries(systemPrograms).map(async ([name, debian]) => {
    const path = await findProgram(name);
    if (path === undefined)
      throw new ClrkError('IMAGE_BUILD_FAILED', `this machine has no ${name}`, {
        hint: `Install it: apt-get install ${debian}.`,
      });
    return programEntries(path, { at: `/usr/bin/${name}` });
  });
  return [...(await Promise.all(files)).flat(), textFile('etc/protocols', protocols)];
}

async function toolFiles(tools: PlatformImageOptions['tools']): Promise<readonly TreeEntry[]> {
  const files = Object.entries(tools).map(([name, path]) =>
    programEntries(path, { at: `/usr/local/bin/${name}` }),
  );
  return (await Promise.all(files)).flat();
}

export async function buildPlatformImage(options: PlatformImageOptions): Promise<BuiltImage> {
  const layout = options.output ?? imageHome(process.env);
  const place = { layout, cache: options.cache ?? imageCache(process.env) };
  const name = imageName(options.name);
  const program = await programFiles(options.program, appDirectory);
  const layers = [
    await nodeBaseLayer(place),
    await cachedLayer(place, 'tools', [...(await systemFiles()), ...(await toolFiles(options.tools))]),
    await cachedLayer(place, 'natives', await packageFiles(options.packages, nativePackages, appDirectory)),
    await writeLayer(layout, [...program, directoryEntry('run'), directoryEntry('var/lib/clrk')]),
  ];
  return writeImage(layout, name, {
    layers,
    architecture: hostArchitecture(),
    config: {
      entrypoint: [nodePath, '--enable-source-maps', `/${appDirectory}/clrk.mjs`],
      cmd: [],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'NODE_ENV=production'],
      // The worker's Deployment says root; every other role runs as this user.
      user: `${agentUser.uid}:${agentUser.gid}`,
      workingDir: `/${appDirectory}`,
    },
    labels: { 'dev.apoxy.clrk.node.version': process.versions.node },
  });
}
