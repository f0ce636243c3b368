/** Images of MCP's official clients, with the programs that test/mcp asks them by. Made once a machine, pushed once a home. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shellFiles } from '../../examples/images/index.ts';
import { pythonPath } from '../../examples/images/python-files.ts';
import type { Home } from '../../local/home.ts';
import type { LayerPlace } from '../../oci/build/cached-layer.ts';
import { directoryEntries, imageCache, programEntries, pushImage, textFile } from '../../oci/index.ts';
import { provideNpm } from '../mcp/npm-packages.ts';
import { pythonCache, pythonPackages } from './program-files.ts';
import { writeProgram } from './program-images.ts';

const mcp = join(import.meta.dirname, '../mcp');
export const mcpImages = {
  npm: 'localhost:5100/mcp-npm:0.1.0',
  python: 'localhost:5100/mcp-python:0.1.0',
} as const;

/** Of the packages there, what the client is not made of. */
const others = /^(\.bin|node-|@modelcontextprotocol\/(conformance|server-everything))/;

async function writeNpm(place: LayerPlace): Promise<void> {
  const modules = await directoryEntries(
    await provideNpm(),
    '/app/node_modules',
    (path) => !others.test(path),
  );
  const script = readFileSync(join(mcp, 'clients/npm-client.mjs'), 'utf8');
  const node = await programEntries(process.execPath, { at: '/usr/bin/node' });
  await writeProgram(place, mcpImages.npm, {
    files: [...(await shellFiles(place.cache)), ...node, ...modules, textFile('app/client.mjs', script)],
    entrypoint: ['/usr/bin/node', '/app/client.mjs', '/app/node_modules'],
  });
}

async function writePython(place: LayerPlace): Promise<void> {
  const { files, packages } = await pythonPackages(join(mcp, 'python'));
  const script = readFileSync(join(mcp, 'python/mcp_client.py'), 'utf8');
  await writeProgram(place, mcpImages.python, {
    files: [...(await shellFiles(place.cache)), ...files, textFile('app/client.py', script)],
    entrypoint: [pythonPath, '/app/client.py'],
    env: [`PYTHONPATH=${packages}`, `PYTHONPYCACHEPREFIX=${pythonCache}`],
  });
}

/** Idempotent. */
export async function pushMcpClients(home: Home): Promise<void> {
  const done = join(home.images, 'mcp.pushed');
  if (existsSync(done)) return;
  mkdirSync(home.images, { recursive: true, mode: 0o700 });
  const place = { layout: home.images, cache: imageCache(process.env) };
  await writeNpm(place);
  await writePython(place);
  for (const name of Object.values(mcpImages))
    await pushImage({ name, layout: home.images, plainHttp: true });
  writeFileSync(done, '');
}
