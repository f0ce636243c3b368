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
  await startProvider({
    host: '0.0.0.0',
    port: 8443,
    keys: { openai: read('key') },
    ca: { certificatePem: read('ca.crt'), privateKeyPem: read('ca.key') },
  });
  process.on('SIGTERM', () => process.exit(0));
  console.log('serving');
}

switch (command) {
  case 'call':
    console.log(JSON.stringify(await callAgent(words[0] ?? '', words[1] ?? '')));
    break;
  case 'stream':
    await streamCalls(words[0] ?? '', Number(words[1]), (result) => console.log(JSON.stringify(result)));
    break;
  default:
    await serve(command ?? '/etc/stand-in');
}
