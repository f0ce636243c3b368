/** From manifests to a settled world: the operator against a real API server, data planes that speak, no kubelet. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import {
  aggregatedApiService,
  metricsApiService,
  natsConfigKey,
  clickhouseConfigSecret,
  natsConfigSecret,
  platformAuthKeys,
  platformAuthSecret,
  type IngressConfig,
} from '../../contract/index.ts';
import { apiGroup, kinds, type Secret } from '../../operator/kind.ts';
import { ensurePlatformCredentials } from '../../operator/platform-credentials.ts';
import { type KubeObject, type Resource } from '../../operator/runtime/index.ts';
import { createCa } from '../../pki/index.ts';
import { followConfig } from '../../ingress/config-watches.ts';
import { eventually } from './control-plane.ts';
import { kindOf, useConvergence } from './converge-bed.ts';
import { agent, backend, gateway, l4Route, policy, pool, providerRoute } from './manifest.ts';
import { grantedRights, installApiService, usedRights } from './rights.ts';
import { RunningOperator, testSettings } from './running-operator.ts';

const everything = [pool, gateway, providerRoute, l4Route, backend, agent(), policy];
const bed = useConvergence();

describe('operator against a real API server', () => {
  it('answers a new agent without pool and gateway with conditions that say what is missing', async () => {
    await bed.apply(agent());
    await bed.expectCondition(kinds.taskAgent, 'hello', {
      type: 'WorkerPoolReady',
      status: 'False',
      reason: 'WorkerPoolNotFound',
    });
    await bed.expectCondition(kinds.taskAgent, 'hello', {
      type: 'EgressConfigured',
      status: 'False',
      reason: 'EgressRefsNotFound',
    });
    await bed.expectCondition(kinds.taskAgent, 'hello', {
      type: 'Ready',
      status: 'False',
      reason: 'WorkerPoolNotFound',
    });
  });

  it('makes the children of pool, gateway and agent', async () => {
    for (const object of everything) await bed.apply(object);
    const worker = await eventually(
      async () => await bed.get<Record<string, never>>(kinds.deployment, 'p-workers'),
    );
    expect(worker).toMatchObject({
      spec: {
        template: { spec: { containers: [{ args: ['worker'], securityContext: { privileged: true } }] } },
      },
    });
    await eventually(async () => {
      for (const name of ['p-workers', 'clrk-egress-g', 'clrk-hello']) await bed.get(kinds.service, name);
      await bed.get(kinds.deployment, 'clrk-egress-g');
      await bed.get(kinds.agentSandboxRevision, 'hello-00001');
      await bed.get(kinds.secret, 'clrk-egressgateway-ca-g');
    });
    const role = await bed.get(kinds.role, 'clrk-worker-p');
    expect(role).toMatchObject({
      rules: [{ resources: ['secrets'], resourceNames: ['clrk-pool-config-p'], verbs: ['get', 'watch'] }],
    });
  });

  it('S40: compiles a missing credential Secret as Broken, says so, and picks it up when it comes', async () => {
    await bed.expectCondition(kinds.credentialInjectionPolicy, 'key', {
      type: 'Ready',
      status: 'False',
      reason: 'SecretNotFound',
    });
    expect((await bed.gatewayConfig()).credentials[0]?.inject).toEqual({
      type: 'Broken',
      reason: 'SecretNotFound',
    });
    const data = { token: Buffer.from('sk-real-key').toString('base64') };
    await bed.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'default', name: 'openai' },
      data,
    } as KubeObject);
    await eventually(async () =>
      expect((await bed.gatewayConfig()).credentials[0]?.inject).toEqual({
        type: 'Header',
        name: 'authorization',
        value: 'Bearer sk-real-key',
      }),
    );
    await bed.expectCondition(kinds.credentialInjectionPolicy, 'key', {
      type: 'Ready',
      status: 'True',
      reason: 'Accepted',
    });
  });

  it('lets the pool and the gateway into NATS', async () => {
    await eventually(async () => expect(bed.signersLetIn()).toHaveLength(2));
  });

  it('gives each data plane what it needs and nothing of another', async () => {
    // Two documents, written one after the other: what must hold is that they come to agree.
    await eventually(async () => {
      const [poolDocument, gatewayDocument] = [await bed.poolConfig(), await bed.gatewayConfig()];
      expect(gatewayDocument.destinations.rules.map((rule) => rule.route)).toEqual([
        'EgressL4Route/default/db',
        'AIProviderRoute/default/openai',
      ]);
      expect(gatewayDocument.framePeers).toEqual([
        { pool: 'default/p', keyBase64: poolDocument.frameKeyBase64, agents: ['TaskAgent/default/hello'] },
      ]);
      expect(poolDocument.gateways[0]?.destinations).toEqual(gatewayDocument.destinations);
      expect(poolDocument.gateways[0]?.caPem).toBe(gatewayDocument.ca.certificatePem);
      expect(poolDocument.platform.nats).toMatchObject({ inbox: '_INBOX.worker.default.p' });
      const raw = gunzipSync((await bed.configOf('clrk-pool-config-p')).bytes).toString();
      expect(raw).not.toContain('sk-real-key');
      expect(raw).not.toContain(gatewayDocument.ca.privateKeyPem.split('\n')[1]);
    });
    await eventually(async () =>
      expect((await bed.ingressConfig()).agents[0]).toMatchObject({ name: 'hello', pool: 'default/p' }),
    );
  });

  it('shows an image that does not exist, and cuts over once it is pulled', async () => {
    await bed.speakUntil(async () => {
      expect(await bed.condition(kinds.taskAgent, 'hello', 'RevisionReady')).toMatchObject({
        status: 'False',
        reason: 'ImageNotFound',
      });
    }, 'Failed');
    await bed.speakUntil(async () => {
      expect(await bed.condition(kinds.taskAgent, 'hello', 'Ready')).toMatchObject({ status: 'True' });
    });
    expect((await bed.poolConfig()).agents[0]?.servingRevision).toBe('hello-00001');
    expect((await bed.ingressConfig()).agents[0]?.servingRevision).toBe('hello-00001');
    await bed.speakUntil(async () => {
      expect(await bed.condition(kinds.egressGateway, 'g', 'Programmed')).toMatchObject({ status: 'True' });
    });
    for (const [kind, name] of [
      [kinds.egressGateway, 'g'],
      [kinds.workerPool, 'p'],
      [kinds.aiProviderRoute, 'openai'],
      [kinds.egressL4Route, 'db'],
      [kinds.backend, 'be'],
      [kinds.agentSandboxRevision, 'hello-00001'],
    ] as const) {
      await bed.speakUntil(async () => {
        expect(await bed.condition(kind, name, 'Ready')).toMatchObject({ status: 'True' });
      });
    }
  });

  it('keeps the old revision serving until the new one is pulled, then removes it', async () => {
    await bed.apply(agent('localhost:5100/hello:0.2.0'));
    await eventually(async () => await bed.get(kinds.agentSandboxRevision, 'hello-00002'));
    await bed.speak('Pulled', 'hello-00001');
    await bed.expectCondition(kinds.taskAgent, 'hello', {
      type: 'RevisionReady',
      status: 'False',
      reason: 'NoWorkersReady',
    });
    expect((await bed.poolConfig()).agents[0]?.servingRevision).toBe('hello-00001');
    await bed.speakUntil(
      async () => {
        expect((await bed.poolConfig()).agents[0]?.servingRevision).toBe('hello-00002');
        expect(
          await bed.api.get(kinds.agentSandboxRevision, { namespace: 'default', name: 'hello-00001' }),
        ).toBeUndefined();
      },
      'Pulled',
      'hello-00002',
    );
  });

  it('writes nothing more once the world has settled', async () => {
    const versions = async (): Promise<unknown> => {
      const lists = await Promise.all(
        [kinds.taskAgent, kinds.workerPool, kinds.egressGateway, kinds.secret, kinds.service, kinds.role].map(
          async (kind) =>
            (await bed.api.list(kind, {})).items.map((item) => [
              item.metadata?.name,
              item.metadata?.resourceVersion,
            ]),
        ),
      );
      return lists;
    };
    let before = await versions();
    await eventually(async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      const now = await versions();
      const settled = JSON.stringify(now) === JSON.stringify(before);
      before = now;
      expect(settled).toBe(true);
    });
    const counted = bed.writes;
    bed.operator?.operator.settingsChanged();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await versions()).toEqual(before);
    expect(bed.writes).toBe(counted);
  });

  it('goes on after the API server was away', async () => {
    await bed.plane.restartApiServer();
    const spec = { ...(l4Route as { spec?: object }).spec, parentRefs: [{ name: 'nowhere' }] };
    await eventually(async () => await bed.apply({ ...l4Route, spec } as KubeObject), 60_000);
    await eventually(
      async () => expect((await bed.gatewayConfig()).destinations.rules).toHaveLength(1),
      60_000,
    );
    await bed.expectCondition(kinds.egressL4Route, 'db', {
      type: 'Ready',
      status: 'False',
      reason: 'NoMatchingParent',
    });
  }, 90_000);

  it('a second operator takes over where the first stopped, with the same keys', async () => {
    const before = await bed.poolConfig();
    await bed.operator?.stop();
    await bed.apply({ ...l4Route });
    const token = await bed.plane.tokenOf('clrk-system', 'clrk-operator');
    bed.operator = new RunningOperator(bed.plane.client(undefined, token), bed.words, {
      identity: 'second',
      claims: bed.claims,
    });
    await eventually(async () => expect((await bed.gatewayConfig()).destinations.rules).toHaveLength(2));
    const after = await bed.poolConfig();
    expect(after.frameKeyBase64).toBe(before.frameKeyBase64);
    expect(after.dispatchTls).toEqual(before.dispatchTls);
  });

  it('makes the platform’s credentials once, keeps what is there, and derives what NATS runs with', async () => {
    const own = bed.plane.client(undefined, await bed.plane.tokenOf('clrk-system', 'clrk-operator'));
    const options = { api: own, namespace: 'clrk-system', randomBytes };
    // Two replicas start together: both end with the same root.
    const [first, second] = await Promise.all([
      ensurePlatformCredentials(options),
      ensurePlatformCredentials(options),
    ]);
    expect(second.id).toBe(first.id);
    const textOf = async (name: string, key: string): Promise<string> => {
      const { data } = await bed.get<Secret>(kinds.secret, name, 'clrk-system');
      return Buffer.from(data?.[key] ?? '', 'base64').toString('utf8');
    };
    const password = await textOf(platformAuthSecret, platformAuthKeys.clickhousePassword);
    expect(password).toMatch(/^[\w-]{43}$/);
    const secret = await bed.get<Secret>(kinds.secret, platformAuthSecret, 'clrk-system');
    const {
      [platformAuthKeys.reader]: reader,
      [platformAuthKeys.otlpKey]: otlp,
      ...rest
    } = secret.data ?? {};
    await bed.api.replace(kinds.secret, { ...secret, data: rest } as KubeObject);
    expect((await ensurePlatformCredentials(options)).id).toBe(first.id);
    const completed = await bed.get<Secret>(kinds.secret, platformAuthSecret, 'clrk-system');
    expect(completed.data).toMatchObject({ ...rest, [platformAuthKeys.otlpKey]: otlp });
    expect(completed.data?.[platformAuthKeys.reader]).not.toBe(reader);
    await eventually(async () => {
      const parsed = JSON.parse(await textOf(natsConfigSecret, natsConfigKey)) as object;
      expect(parsed).toMatchObject({ operator: testSettings.keys.natsTrust().operatorJwt });
    });
    await eventually(async () => {
      const config = await bed.get<Secret>(kinds.secret, clickhouseConfigSecret, 'clrk-system');
      const users = Buffer.from(config.data?.['users.xml'] ?? '', 'base64').toString('utf8');
      const hash = createHash('sha256').update(password).digest('hex');
      expect(users).toContain(`<password_sha256_hex>${hash}</password_sha256_hex>`);
    });
  });

  it('deleting everything leaves a clean world', async () => {
    for (const object of everything) {
      const resource = kindOf[object.kind ?? ''] as Resource;
      const found = await bed.get<KubeObject>(resource, object.metadata?.name ?? '');
      await bed.api.delete(
        resource,
        { namespace: 'default', name: object.metadata?.name },
        found.metadata?.uid ?? '',
      );
    }
    await eventually(async () => {
      for (const kind of [kinds.deployment, kinds.role, kinds.roleBinding, kinds.agentSandboxRevision]) {
        const { items } = await bed.api.list(kind, {});
        const left = items.filter((item) => item.metadata?.namespace === 'default');
        expect(left.map((item) => `${kind.kind}/${item.metadata?.name ?? ''}`)).toEqual([]);
      }
      const { items: secrets } = await bed.api.list(kinds.secret, {});
      const names = secrets
        .filter((item) => item.metadata?.namespace === 'default')
        .map((item) => item.metadata?.name);
      expect(names).toEqual(['openai']);
      const { items: accounts } = await bed.api.list(kinds.serviceAccount, {});
      const children = accounts.filter(({ metadata }) => metadata?.namespace === 'default');
      expect(children.map(({ metadata }) => metadata?.name)).toEqual(['default']);
      expect((await bed.ingressConfig()).agents).toEqual([]);
      // NATS lets in nobody of the pool and the gateway that are gone.
      expect(bed.signersLetIn()).toEqual([]);
    }, 45_000);
  }, 60_000);

  it('the cluster believes telemetry by the CA there is, also after somebody wrote another', async () => {
    await installApiService(bed.api);
    const ca = await bed.get<Secret>(kinds.secret, 'clrk-control-plane-ca', 'clrk-system');
    const bundle = async (name: string = aggregatedApiService): Promise<string | undefined> => {
      const found = await bed.get<{ spec: { caBundle?: string } }>(kinds.apiService, name);
      return found.spec.caBundle;
    };
    await eventually(async () => expect(await bundle()).toBe(ca.data?.['tls.crt']));
    await eventually(async () => expect(await bundle(metricsApiService)).toBe(ca.data?.['tls.crt']));
    const spec = {
      caBundle: Buffer.from(createCa({ commonName: 'x', years: 1 }).certificatePem).toString('base64'),
    };
    const apiVersion = 'apiregistration.k8s.io/v1';
    const other = { apiVersion, kind: 'APIService', metadata: { name: aggregatedApiService }, spec };
    await bed.api.apply(kinds.apiService, other, { fieldManager: 'somebody' });
    await eventually(async () => expect(await bundle()).toBe(ca.data?.['tls.crt']));
  });

  it('used every right that dist/platform grants the operator, and no other', async () => {
    const granted = grantedRights('clrk-operator');
    const used = usedRights(bed.plane.auditLog, 'system:serviceaccount:clrk-system:clrk-operator');
    expect(used.denied).toEqual([]);
    // Not requests but permissions another request is judged by (owner references; see the admission plugin).
    const judged = [...granted].filter((right) => right.endsWith('/finalizers'));
    // Kinds this test makes no object of: their status is somebody else's test.
    const made = new Set(['AgentSandboxRevision', ...everything.map(({ kind }) => kind)]);
    const others = Object.values(kinds).filter(({ group, kind }) => group === apiGroup && !made.has(kind));
    // Approvals are made when a gateway asks for one: approvals.test.ts.
    const asked = ['create', 'patch', 'delete'].map((verb) => `${verb} ${apiGroup}/${kinds.approval.plural}`);
    const untried = new Set([...others.map(({ plural }) => `patch ${apiGroup}/${plural}/status`), ...asked]);
    const expected = [...granted].filter((right) => !untried.has(right));
    expect([...new Set([...used.allowed, ...judged])].toSorted()).toEqual(expected.toSorted());
  });

  it('the ingress reads its config with the two rights it is granted', async () => {
    const kubeconfig = join(bed.plane.directory, 'ingress.kubeconfig');
    const token = await bed.plane.tokenOf('clrk-system', 'clrk-ingress');
    writeFileSync(kubeconfig, bed.plane.config(token).exportConfig(), { mode: 0o600 });
    const stop = new AbortController();
    const user = 'system:serviceaccount:clrk-system:clrk-ingress';
    try {
      await new Promise<IngressConfig>((resolve) => {
        followConfig({
          environment: {
            KUBECONFIG: kubeconfig,
            POD_NAMESPACE: 'clrk-system',
            CLRK_CONFIG_SECRET: 'clrk-ingress-settings',
          },
          log: pino({ level: 'silent' }),
          signal: stop.signal,
          onConfig: resolve,
        });
      });
      await eventually(async () => {
        const used = usedRights(bed.plane.auditLog, user);
        expect(used.denied).toEqual([]);
        expect([...used.allowed].toSorted()).toEqual([...grantedRights('clrk-ingress')].toSorted());
        await Promise.resolve();
      });
    } finally {
      stop.abort();
    }
    // Telemetry has no right of ours: it asks, by the cluster's own roles, who calls and what he may.
    expect([...grantedRights('clrk-telemetry')]).toEqual([]);
  });
});
