/** An image named by a tag only. */
import type { Manifest } from '../manifest/manifest.ts';
import type { Path } from '../manifest/path.ts';
import type { Rule } from '../rule.ts';
import { agentKinds, type AgentItem } from '../topology.ts';
import type { World } from '../world.ts';

const digest = /@sha256:[0-9a-f]{64}$/;

function* images(world: World): Iterable<{ manifest: Manifest; path: Path; image: string }> {
  for (const { manifest, spec } of agentKinds.flatMap((kind): readonly AgentItem[] => world.own(kind))) {
    yield { manifest, path: ['spec', 'template', 'spec', 'image'], image: spec.template.spec.image };
  }
  for (const { manifest, spec } of world.own('WorkerPool')) {
    yield { manifest, path: ['spec', 'template', 'image'], image: spec.template.image };
  }
}

export const imageWithoutDigest: Rule = {
  id: 'image-without-digest',
  severity: 'warn',
  title: 'An image named by a tag only',
  why: 'A tag can be moved after the review: what runs is then not what was looked at, and two workers may run different code.',
  fix: 'Write the digest: image:tag@sha256:…; `clrk image push` prints it.',
  *check(world) {
    for (const { manifest, path, image } of images(world)) {
      if (digest.test(image)) continue;
      yield { manifest, path, message: `image ${image} has no @sha256 digest` };
    }
  },
};
