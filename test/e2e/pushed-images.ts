/** The tests' images in the development registry: built once a machine (a cache outside the home), pushed once a home. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildExampleImage, buildTestImage } from '../../examples/images/index.ts';
import type { Home } from '../../local/home.ts';
import { pushImage } from '../../oci/index.ts';

export async function pushImages(home: Home): Promise<void> {
  const done = join(home.images, 'e2e.pushed');
  if (existsSync(done)) return;
  mkdirSync(home.images, { recursive: true, mode: 0o700 });
  const place = { output: home.images };
  const built = [
    await buildExampleImage('hello', place),
    await buildTestImage('curl', place),
    await buildTestImage('node', place),
    await buildTestImage('python', place),
  ];
  for (const { name } of built) await pushImage({ name, layout: home.images, plainHttp: true });
  writeFileSync(done, '');
}
