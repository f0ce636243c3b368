/** A process in a slot's namespace, or in a sandbox's cgroup, that does one thing each time it is told to, and says whether it was answered. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** `attempt`: JavaScript, an async function that gives true or false. */
function programOf(attempt: string): string {
  return `const attempt = ${attempt};
require('readline').createInterface({ input: process.stdin }).on('line', (id) =>
  attempt().catch(() => false).then((isIn) => console.log(id + ' ' + isIn))).on('close', () => process.exit(0));`;
}

export class SlotCaller {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<string, (isIn: boolean) => void>();
  #next = 0;

  private constructor([command = '', ...before]: readonly string[], attempt: string) {
    this.#child = spawn(command, [...before, process.execPath, '-e', programOf(attempt)]);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const [id = '', isIn] = line.split(' ');
      this.#waiting.get(id)?.(isIn === 'true');
      this.#waiting.delete(id);
    });
  }

  static inNamespace(namespace: string, attempt: string): SlotCaller {
    return new SlotCaller(['nsenter', `--net=/run/netns/${namespace}`, '--'], attempt);
  }

  static inCgroup(directory: string, attempt: string): SlotCaller {
    return new SlotCaller(['sh', '-c', `echo $$ > '${directory}/cgroup.procs' && exec "$@"`, 'sh'], attempt);
  }

  /** It also ends with who started it, whose end closes its input. */
  async end(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.stdin.end();
    await gone;
  }

  attempt(): Promise<boolean> {
    const id = String((this.#next += 1));
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin.write(`${id}\n`);
    });
  }
}
