/**
 * The peers of the gateway bench that Debian does not have: mitmproxy and LiteLLM from PyPI and Portkey's gateway from npm,
 * into a cache of its own. What is missing is installed and said so; a peer that cannot be had is left out by name.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isInstalled, say, tryRun } from '../packages.ts';

const cache = join(homedir(), '.cache/clrk/bench');

/** A program of a PyPI package in a virtual environment of its own; undefined where it cannot be had. */
function installFromPyPi(requirement: string, program: string): string | undefined {
  const venv = join(cache, program);
  const command = join(venv, 'bin', program);
  if (existsSync(command)) return command;
  say(`installing ${requirement} from PyPI into ${venv}`);
  const installed =
    tryRun('python3', ['-m', 'venv', venv]) &&
    tryRun(join(venv, 'bin/pip'), ['install', '-q', '--disable-pip-version-check', requirement]);
  return installed && existsSync(command) ? command : undefined;
}

/** mitmdump's path: from PATH, the cache, or freshly installed. */
export function installMitmdump(): string | undefined {
  return isInstalled('mitmdump') ? 'mitmdump' : installFromPyPi('mitmproxy', 'mitmdump');
}

export function installLitellm(): string | undefined {
  return installFromPyPi('litellm[proxy]==1.108.7', 'litellm');
}

/** The script that starts Portkey's gateway. */
export function installPortkey(): string | undefined {
  const directory = join(cache, 'portkey');
  const script = join(directory, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  if (existsSync(script)) return script;
  say(`installing @portkey-ai/gateway from npm into ${directory}`);
  const wanted = '@portkey-ai/gateway@1.15.2';
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', directory, wanted];
  return tryRun('npm', args) && existsSync(script) ? script : undefined;
}
