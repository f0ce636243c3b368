/**
 * `clrk image build --nats`: nats-server alone, for clusters that cannot pull the publisher's image. It takes the same
 * arguments as that one, so that the platform's StatefulSet runs either.
 */
import { agentUser } from './base-files.ts';
import type { BuiltImage } from './layout-writer.ts';
import { buildRootfsImage } from './rootfs-image.ts';
import { programEntries } from './shared-libraries.ts';

export interface NatsImageOptions {
  readonly name: string;
  /** The pinned nats-server. */
  readonly natsServer: string;
  readonly output?: string;
}

const natsPath = '/usr/local/bin/nats-server';

export async function buildNatsImage({ name, natsServer, ...rest }: NatsImageOptions): Promise<BuiltImage> {
  return buildRootfsImage({
    name,
    files: await programEntries(natsServer, { at: natsPath }),
    config: { entrypoint: [natsPath], user: `${agentUser.uid}:${agentUser.gid}` },
    ...rest,
  });
}
