/** A caller of agents as any pod is one: plain HTTP to the agent's Service, one line of JSON a call. */
import { randomUUID } from 'node:crypto';

export interface CallResult {
  readonly id: string;
  /** 0: no HTTP answer. */
  readonly status: number;
  readonly text: string;
}

const callTimeoutMs = 60_000;
/** Between a refused call and the next one, so that an outage is not a flood. */
const afterFailureMs = 500;
const callers = 2;

/** Never rejects: a call that got no answer is a result. */
export async function callAgent(url: string, prompt: string): Promise<CallResult> {
  const id = randomUUID();
  try {
    const response = await fetch(url, {
      method: 'POST',
      body: prompt,
      headers: { 'content-type': 'text/plain', 'x-clrk-invocation-id': id },
      signal: AbortSignal.timeout(callTimeoutMs),
    });
    return { id, status: response.status, text: (await response.text()).trim() };
  } catch (error) {
    return { id, status: 0, text: error instanceof Error ? error.message : String(error) };
  }
}

/** So many calls, a few at a time; `say` gets every result as it comes. */
export async function streamCalls(
  url: string,
  calls: number,
  say: (result: CallResult) => void,
): Promise<void> {
  let left = calls;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const result = await callAgent(url, 'stream');
      say(result);
      if (result.status !== 200) await new Promise((resolve) => setTimeout(resolve, afterFailureMs));
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}
