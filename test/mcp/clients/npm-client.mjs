/** The `@modelcontextprotocol/sdk` client, unmodified: one session, asked in lines of JSON and answering in such lines. */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [modules = '', url = ''] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(modules, '@modelcontextprotocol/sdk/dist/esm', path)).href);
const { Client } = await load('client/index.js');
const { StreamableHTTPClientTransport } = await load('client/streamableHttp.js');
const { CreateMessageRequestSchema } = await load('types.js');

const client = new Client({ name: 'clrk-test', version: '1' }, { capabilities: { sampling: {} } });
client.setRequestHandler(CreateMessageRequestSchema, () => ({
  ...{ model: 'made-up', role: 'assistant', content: { type: 'text', text: 'sampled by the agent' } },
}));
await client.connect(new StreamableHTTPClientTransport(new URL(url)));

const textOf = ({ content, isError }) =>
  `${isError === true ? 'failed: ' : ''}${content.map(({ text }) => text).join(' ')}`;
const does = {
  tools: async () => (await client.listTools()).tools.map(({ name }) => name),
  prompts: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
  resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
  call: async ({ name, args }) => [textOf(await client.callTool({ name, arguments: args }))],
};

for await (const line of createInterface({ input: process.stdin })) {
  const ask = JSON.parse(line);
  const said = await does[ask.op](ask).then(
    (told) => ({ told }),
    ({ code, message }) => ({ code, message }),
  );
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
await client.close();
