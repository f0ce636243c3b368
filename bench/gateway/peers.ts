/** The processes beside and behind the gateway: nginx as the origin, haproxy, mitmdump, Portkey and LiteLLM as peers. Files in one directory. */
import { spawn, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { bundleOptions } from '../../bin/bundle.mjs';

export interface Place {
  readonly directory: string;
  readonly hostname: string;
  readonly originIp: string;
  readonly originPort: number;
  readonly listenPort: number;
}

const completion = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  model: 'gpt-4o-mini-2024-07-18',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'ok '.repeat(60) } }],
  usage: { prompt_tokens: 250, completion_tokens: 60, total_tokens: 310 },
});

async function untilListening(
  host: string,
  port: number,
  child: ChildProcess,
  timeoutMs = 20_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ host, port }, () => {
        resolve(true);
        socket.destroy();
      });
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      socket.setTimeout(500, () => socket.destroy());
    });
    if (open) return;
    if (Date.now() > end || child.exitCode !== null) throw new Error(`nothing listens on ${host}:${port}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** nginx over TLS with a canned completion, and a plain port that swallows OTLP. */
export async function startOrigin(place: Place, otlpPort: number): Promise<ChildProcess> {
  const { directory, originIp, originPort } = place;
  writeFileSync(
    `${directory}/nginx.conf`,
    `daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/nginx.err;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; client_max_body_size 64m; client_body_buffer_size 64k;
  client_body_temp_path ${directory}; proxy_temp_path ${directory}; fastcgi_temp_path ${directory};
  uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
  server {
    listen ${originIp}:${originPort} ssl;
    ssl_certificate ${directory}/leaf.pem; ssl_certificate_key ${directory}/leaf.key;
    location / { default_type application/json; return 200 '${completion}'; }
  }
  server { listen 127.0.0.1:${otlpPort}; location / { return 200; } }
}
`,
  );
  const child = spawn('nginx', ['-c', `${directory}/nginx.conf`, '-e', `${directory}/nginx.err`], {
    stdio: 'ignore',
  });
  await untilListening(originIp, originPort, child);
  return child;
}

export async function startHaproxy(place: Place): Promise<ChildProcess> {
  const { directory, originIp, originPort, listenPort, hostname } = place;
  writeFileSync(
    `${directory}/haproxy.cfg`,
    `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend f
  bind 127.0.0.1:${listenPort} ssl crt ${directory}/bundle.pem
  http-request set-header Authorization "Bearer real"
  default_backend b
backend b
  http-reuse always
  server s ${originIp}:${originPort} ssl verify required ca-file ${directory}/ca.pem sni str(${hostname}) verifyhost ${hostname}
`,
  );
  const child = spawn('haproxy', ['-db', '-f', `${directory}/haproxy.cfg`], { stdio: 'ignore' });
  await untilListening('127.0.0.1', listenPort, child);
  return child;
}

export async function startMitmdump(place: Place, command: string): Promise<ChildProcess> {
  const { directory, originIp, originPort, listenPort } = place;
  const args = [
    '-q',
    '--listen-host',
    '127.0.0.1',
    '-p',
    String(listenPort),
    '--ssl-insecure',
    '--set',
    `confdir=${directory}/mitm`,
  ];
  const child = spawn(command, [...args, '--mode', `reverse:https://${originIp}:${originPort}`], {
    stdio: 'ignore',
  });
  await untilListening('127.0.0.1', listenPort, child);
  return child;
}

/**
 * Portkey's gateway takes plain HTTP and does not look at the origin's certificate: two things the others do, and which
 * only make it look faster.
 */
export async function startPortkey({ listenPort }: Place, script: string): Promise<ChildProcess> {
  const env = { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' };
  const args = [script, `--port=${listenPort}`, '--headless'];
  const child = spawn(process.execPath, args, { stdio: 'ignore', env });
  await untilListening('127.0.0.1', listenPort, child);
  return child;
}

/** What Portkey's gateway must be told with each request. */
export function portkeyHeaders({ originIp, originPort }: Place): Record<string, string> {
  return {
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `https://${originIp}:${originPort}/v1`,
  };
}

export const litellmKey = 'sk-bench-only-0123456789abcdef';

/** LiteLLM's proxy, one worker: plain HTTP in, the origin's certificate not looked at, as with Portkey. */
export async function startLitellm(place: Place, command: string): Promise<ChildProcess> {
  const { directory, originIp, originPort, listenPort } = place;
  const file = `${directory}/litellm.yaml`;
  writeFileSync(
    file,
    `model_list:
  - model_name: gpt-4o-mini
    litellm_params: { model: openai/gpt-4o-mini, api_base: 'https://${originIp}:${originPort}/v1', api_key: real }
litellm_settings: { ssl_verify: false, telemetry: false }
`,
  );
  const args = ['--config', file, '--host', '127.0.0.1', '--port', String(listenPort), '--num_workers', '1'];
  const child = spawn(command, args, {
    stdio: 'ignore',
    cwd: directory,
    env: {
      ...process.env,
      HOME: directory,
      LITELLM_MASTER_KEY: litellmKey,
      LITELLM_LOG: 'ERROR',
      // Its price table comes from the internet otherwise.
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
    },
  });
  await untilListening('127.0.0.1', listenPort, child, 90_000);
  return child;
}

/** The gateway, or the bare relay it is compared with: one of this folder's processes, told everything by `file`. */
export async function startOwn(
  program: 'gateway' | 'relay',
  listenPort: number,
  file: string,
): Promise<ChildProcess> {
  const folder = `${file}.${program}`;
  // As shipped: the same bundling, plain Node.
  const { build } = await import('esbuild');
  const { outputFiles = [] } = await build({
    ...bundleOptions,
    entryPoints: { [program]: `bench/gateway/${program}-process.ts` },
    outdir: folder,
  });
  mkdirSync(folder, { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
  // For profiles: CLRK_BENCH_NODE_FLAGS='--inspect' or '--import FILE' of a script that starts the profiler on a signal.
  const flags = (process.env['CLRK_BENCH_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
  const child = spawn(process.execPath, [...flags, `${folder}/${program}.mjs`, file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await untilListening('127.0.0.1', listenPort, child);
  return child;
}

export function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 2_000).unref();
  });
}
