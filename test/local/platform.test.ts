/**
 * The development platform as a whole, on ports and addresses of its own: real etcd, API server, controller manager; a
 * tiny server stands for the platform's program.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { platformImage } from '../../contract/index.ts';
import { DevStateFile } from '../../local/dev-state.ts';
import { homePaths } from '../../local/home.ts';
import { applyManifests } from '../../local/kube/apply.ts';
import { parseManifests } from '../../local/kube/manifest.ts';
import type { Pod } from '../../local/kube/object.ts';
import { claimHiddenPort } from '../../local/control-plane/port.ts';
import { Platform, type PlatformOptions } from '../../local/platform.ts';
import { isAlive } from '../../local/process-identity.ts';
import { computeSubnet } from '../../local/subnet.ts';
import { provideTools } from '../../local/tool-paths.ts';

const run = promisify(execFile);
// TEST-NET-3: the platform a person runs has TEST-NET-2.
const subnet = computeSubnet('203.0.113.0/24');
const folder = mkdtempSync(join(tmpdir(), 'clrk-platform-'));
const home = homePaths(join(folder, 'home'));
const program = join(folder, 'program.mjs');
const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const path = '/api/v1/namespaces/play/pods';
let options: PlatformOptions;
let platform: Platform;
let kubectlPath = '';

const kubectl = async (...args: string[]): Promise<string> =>
  (await run(kubectlPath, ['--kubeconfig', home.kubeconfig, '-n', 'play', ...args], { timeout: 30_000 }))
    .stdout;

const manifests = `
apiVersion: v1
kind: Namespace
metadata: { name: play }
---
apiVersion: v1
kind: Secret
metadata: { name: keys, namespace: play }
stringData: { token: s3cret }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data, namespace: play }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: play, labels: { clrk.apoxy.dev/expose: "true", clrk.apoxy.dev/expose-port: "EXPOSED" } }
spec: { selector: { app: web }, ports: [{ name: http, port: 80, targetPort: http }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: play }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: web
          image: ${platformImage}
          args: [web, --dir=/data]
          env:
            - { name: POD_IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }
            - { name: TOKEN, valueFrom: { secretKeyRef: { name: keys, key: token } } }
          ports: [{ name: http, containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /, port: http } }
          volumeMounts: [{ name: data, mountPath: /data }, { name: keys, mountPath: /keys }]
      volumes:
        - { name: data, persistentVolumeClaim: { claimName: data } }
        - { name: keys, secret: { secretName: keys } }
`;

let exposedPort = 0;

async function start(): Promise<void> {
  options = { ...options, state: new DevStateFile(home.state) };
  platform = await Platform.prepare(options);
  await platform.start(new AbortController().signal);
}

async function pods(): Promise<readonly Pod[]> {
  return (await platform.client.get<{ items: Pod[] }>(path)).items;
}

const ready = (pod: Pod | undefined): boolean =>
  pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

async function readyPod(besides: readonly (string | undefined)[] = []): Promise<Pod> {
  return vi.waitFor(
    async () => {
      const found = (await pods()).find((pod) => ready(pod) && !besides.includes(pod.metadata.uid));
      if (found === undefined) throw new Error('no ready pod yet');
      return found;
    },
    { timeout: 30_000, interval: 100 },
  );
}

const ask = async (): Promise<string> => (await fetch(`http://127.0.0.1:${exposedPort}/`)).text();

beforeAll(async () => {
  writeFileSync(
    program,
    `import { createServer } from 'node:http';
     import { appendFileSync, readFileSync } from 'node:fs';
     const dir = process.argv.find((each) => each.startsWith('--dir=')).slice(6);
     appendFileSync(dir + '/starts', 'x');
     console.log('started');
     createServer((request, response) => {
       if (request.url === '/exit') process.exit(3);
       response.end(JSON.stringify({ token: process.env.TOKEN, starts: readFileSync(dir + '/starts', 'utf8').length }));
     }).listen(8080, process.env.POD_IP);
     process.on('SIGTERM', () => { console.log('ending'); process.exit(0); });`,
  );
  const toolPath = await provideTools((_name, work) => work(() => undefined));
  kubectlPath = toolPath('kubectl');
  exposedPort = await claimHiddenPort(undefined);
  options = {
    home,
    state: new DevStateFile(home.state),
    subnet,
    log: quiet,
    toolPath,
    entryPoint: [process.execPath, program],
    fixedPorts: { apiserver: await claimHiddenPort(undefined), registry: await claimHiddenPort(undefined) },
    step: (_name, work) => work(),
  };
  await start();
  await applyManifests(
    platform.client,
    parseManifests(manifests.replace('EXPOSED', String(exposedPort)), 'test'),
  );
});

afterAll(async () => {
  await platform.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the development platform', () => {
  it('runs a Deployment’s pod: environment, volumes, probes, Service, logs', async () => {
    const pod = await readyPod();
    expect(subnet.podAddresses).toContain(pod.status?.podIP);
    await vi.waitFor(
      async () => expect(JSON.parse(await ask())).toEqual({ token: 's3cret', starts: 1 }),
      10_000,
    );
    expect(await kubectl('logs', pod.metadata.name)).toBe('started\n');
    expect(
      await kubectl('get', 'node', '-o', 'jsonpath={.items[0].status.conditions[?(@.type=="Ready")].status}'),
    ).toBe('True');
    await kubectl('wait', '--for=condition=Available', 'deployment/web', '--timeout=20s');
  });

  it('restarts a container that exits and shows how it ended', async () => {
    const pod = await readyPod();
    await fetch(`http://${pod.status?.podIP ?? ''}:8080/exit`).catch(() => undefined);
    await vi.waitFor(
      async () => {
        const again = (await pods()).find(({ metadata }) => metadata.uid === pod.metadata.uid);
        expect(again?.status?.containerStatuses?.[0]).toMatchObject({
          restartCount: 1,
          ready: true,
          lastState: { terminated: { exitCode: 3 } },
        });
      },
      { timeout: 20_000, interval: 100 },
    );
  });

  it('refuses another image where its author sees it', async () => {
    const alien = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'alien', namespace: 'play' },
      spec: { containers: [{ name: 'a', image: 'nginx' }] },
    };
    await platform.client.send('POST', path, { body: alien });
    await vi.waitFor(
      async () => {
        const own = (await pods()).find(({ metadata }) => metadata.name === 'alien');
        expect(own?.status?.containerStatuses?.[0]?.state).toMatchObject({
          waiting: { reason: 'ErrImageNeverPull' },
        });
        expect(await kubectl('get', 'events', '--field-selector', 'involvedObject.name=alien')).toContain(
          'runs only',
        );
      },
      { timeout: 20_000, interval: 200 },
    );
    await kubectl('delete', 'pod', 'alien', '--wait=true', '--timeout=20s');
  });

  it('replaces a deleted pod and leaves nothing of it', async () => {
    const pod = await readyPod();
    await kubectl('delete', 'pod', pod.metadata.name, '--wait=true', '--timeout=20s');
    await readyPod([pod.metadata.uid]);
    await vi.waitFor(
      () =>
        expect(execFileSync('ip', ['-o', 'address', 'show', 'dev', 'lo']).toString()).not.toContain(
          `${pod.status?.podIP ?? ''}/`,
        ),
      5_000,
    );
  });

  it('starts a killed etcd again and goes on', async () => {
    const before = options.state.current.children['etcd'];
    process.kill(before?.pid ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(options.state.current.children['etcd']?.pid).not.toBe(before?.pid), 10_000);
    await vi.waitFor(async () => expect(await kubectl('get', 'pods')).toContain('web-'), {
      timeout: 30_000,
      interval: 300,
    });
  });

  it('S51: neither etcd nor the API server nor the kubelet’s endpoint answers a stranger', async () => {
    const { apiserver = 0, etcd = 0 } = options.state.current.ports;
    const code = async (...args: string[]): Promise<string> =>
      (
        await run('curl', ['-sk', '-m', '3', '-o', '/dev/null', '-w', '%{http_code}', ...args]).catch(
          (error: { stdout: string }) => error,
        )
      ).stdout;
    expect(await code(`https://127.0.0.1:${apiserver}/api/v1/secrets`)).toBe('401');
    expect(await code(`https://127.0.0.1:${etcd}/health`)).toBe('000');
    expect(await code(`https://${subnet.nodeAddress}:10250/healthz`)).toBe('000');
  });

  it('resumes with the same pod and its data, and leaves no process, address or route when stopped', async () => {
    const pod = await readyPod();
    const children = Object.values(options.state.current.children);
    expect(children.length).toBeGreaterThanOrEqual(6);
    await platform.stop();
    expect(children.filter(isAlive)).toEqual([]);
    expect(execFileSync('ip', ['-o', 'address', 'show', 'dev', 'lo']).toString()).not.toContain('203.0.113.');
    expect(execFileSync('ip', ['route']).toString()).not.toContain('203.0.113.');
    await start();
    const again = await vi.waitFor(
      async () => {
        const found = await readyPod();
        expect(JSON.parse(await ask())).toMatchObject({ token: 's3cret' });
        return found;
      },
      { timeout: 30_000, interval: 200 },
    );
    expect(again.metadata.uid).toBe(pod.metadata.uid);
    expect((JSON.parse(await ask()) as { starts: number }).starts).toBeGreaterThan(2);
  });
});
