import { describe, expect, test } from 'vitest';
import { cpuQuota } from '../../../worker/sandbox/cpu-share.ts';
import { computeArgs, computeEnvironment, renderSpec } from '../../../worker/sandbox/oci-spec.ts';
import { testAgent } from '../test-worker.ts';

const image = {
  entrypoint: ['/entry'],
  cmd: ['default'],
  env: ['A=image', 'B=image', 'broken', '=x'],
  user: '',
  workingDir: '/work',
};
const revision = (more: object) => ({ name: 'a-00001', image: 'i', env: [], ...more });
const user = { uid: 1000, gid: 1000, additionalGids: [5], home: '/home/agent' };
const home = {
  path: '/home/agent',
  mount: '/home/agent',
  kept: [{ name: '.profile', source: '/r/home/agent/.profile' }],
};

describe('computeArgs', () => {
  test.each([
    [{}, ['/entry', 'default']],
    [{ args: ['x'] }, ['/entry', 'x']],
    [{ command: ['/c'] }, ['/c']],
    [{ command: ['/c'], args: ['x'] }, ['/c', 'x']],
    [{ command: [], args: [] }, ['/entry']],
  ])('%j → %j', (more, expected) => {
    expect(computeArgs(revision(more), image)).toEqual(expected);
  });
});

test('the agent overrides the platform, the platform the image', () => {
  const env = computeEnvironment({
    revision: revision({
      env: [
        { name: 'B', value: 'agent' },
        { name: 'SSL_CERT_FILE', value: '/mine' },
      ],
    }),
    image: { ...image, env: [...image.env, 'JAVA_TOOL_OPTIONS=-Xmx1g'] },
    home,
    trustsGateways: true,
  });
  expect(env).toContain('A=image');
  expect(env).toContain('JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStore=/etc/ssl/certs/java/cacerts -Xmx1g');
  for (const name of ['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH', 'DENO_CERT', 'CARGO_HTTP_CAINFO', 'AWS_CA_BUNDLE'])
    expect(env).toContain(`${name}=/etc/ssl/certs/ca-certificates.crt`);
  expect(env).toContain('B=agent');
  expect(env).toContain('SSL_CERT_FILE=/mine');
  expect(env).toContain('CURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt');
  expect(env).toContain('HOME=/home/agent');
  expect(env.filter((line) => line.startsWith('=') || line.startsWith('broken'))).toEqual([]);
});

test('S6 S54: the spec grants one capability, no new privileges, a read-only root and limits', () => {
  const spec = renderSpec({
    agent: testAgent('a', ''),
    revision: revision({}),
    image,
    user,
    rootPath: '/r',
    home,
    networkNamespacePath: '/run/netns/x',
    cgroupPath: '/clrk/w/s1',
    cpuMillis: 1750,
    trustsGateways: true,
  });
  expect(spec).toMatchObject({
    root: { path: '/r', readonly: true },
    process: {
      noNewPrivileges: true,
      cwd: '/work',
      user: { uid: 1000 },
      capabilities: { bounding: ['CAP_NET_BIND_SERVICE'], ambient: [], inheritable: [] },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
    },
    linux: {
      cgroupsPath: '/clrk/w/s1',
      resources: {
        memory: { limit: 268_435_456 },
        cpu: { shares: 2048, quota: 175_000, period: 100_000 },
        pids: { limit: 4096 },
      },
    },
  });
  // What is bound is the image's own home, read-only.
  expect((spec as { mounts: { type: string }[] }).mounts.filter(({ type }) => type === 'bind')).toEqual([
    {
      destination: '/home/agent/.profile',
      type: 'bind',
      source: '/r/home/agent/.profile',
      options: ['bind', 'ro', 'nosuid', 'nodev'],
    },
  ]);
});

test.each([
  [1000, 100_000],
  [250, 25_000],
  [1, 1000],
])('%i thousandths of a processor are %i µs of 100 ms', (millis, quota) => {
  expect(cpuQuota(millis)).toBe(quota);
});
