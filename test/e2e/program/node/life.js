/**
 * How an agent lives: `once` (the question is on standard input, the answer on standard output), `loop` (one question after another
 * from the metadata service) or `daemon QUESTION` (asks, says what it heard, and stays).
 */
import { json } from 'node:stream/consumers';

const invocationId = 'x-clrk-invocation-id';

async function loop(ask) {
  const metadata = process.env.CLRK_METADATA_URL;
  for (;;) {
    const event = await fetch(`${metadata}/event`);
    const question = await event.text();
    const run = event.headers.get(invocationId);
    if (run === null) continue;
    const headers = { [invocationId]: run, 'content-type': 'text/plain' };
    await fetch(`${metadata}/response`, { method: 'POST', headers, body: await ask(question) });
  }
}

export async function live(ask) {
  const [, , how, question] = process.argv;
  if (how === 'once') console.log(await ask((await json(process.stdin)).data));
  else if (how === 'loop') await loop(ask);
  else if (how === 'daemon') {
    await ask(`Heard: ${await ask(question)}`);
    setInterval(() => undefined, 60_000);
  }
}
