/**
 * The program of the stand-in's pod: the provider (key and CA from a mounted Secret), and, because it is in the cluster
 * and on its DNS, the client of the agents' Services (`call`, `stream`, run by `kubectl exec`).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProvider } from '../../../../examples/provider/index.ts';
import { callAgent, streamCalls } from './client.ts';

const [command, ...words] = process.argv.slice(2);

async function serve(folder: string): Promise<void> {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8').trim();
  const provider = await startProvider({
    host: '0.0.0.0',
    port: 8443,
    keys: { openai: read('key') },
    ca: { certificatePem: read('ca.crt'), privateKeyPem: read('ca.key') },
  });
  // The first process of a container ends only by its own doing.
  process.on('SIGTERM', () => void provider.close());
  console.log('serving');
}

const [first = '', second = ''] = words;
if (command === 'call') console.log(JSON.stringify(await callAgent(first, second)));
else if (command === 'stream')
  await streamCalls(first, Number(second), (result) => console.log(JSON.stringify(result)));
else await serve('/etc/stand-in');
