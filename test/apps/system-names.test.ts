/** The manifests' names and numbers are those the processes use: apps may not import contract/, so this holds them together. */
import { expect, test } from 'vitest';
import * as names from '../../apps/system-names.ts';
import * as contract from '../../contract/index.ts';
import { platformSettingsName } from '../../local/dev/install.ts';
import { exposeLabel } from '../../local/service-proxy/forwarding.ts';

test('names, ports and variables of apps/ are those of contract/', () => {
  expect(contract.ports).toMatchObject(names.ports);
  expect(contract.environment).toMatchObject(names.variables);
  expect({
    systemNamespace: names.systemNamespace,
    platformImage: names.platformImage,
    aggregatedApiService: names.aggregatedApiService,
    metricsApiService: names.metricsApiService,
    platformAuthSecret: names.platformAuthSecret,
    natsConfigSecret: names.natsConfigSecret,
    natsConfigKey: names.natsConfigKey,
    natsStoreDir: names.natsStoreDir,
    clickhouseUser: names.clickhouseUser,
    clickhouseConfigSecret: names.clickhouseConfigSecret,
    clickhouseConfigDir: names.clickhouseConfigDir,
    clickhouseStoreDir: names.clickhouseStoreDir,
  }).toEqual({
    systemNamespace: contract.systemNamespace,
    platformImage: contract.platformImage,
    aggregatedApiService: contract.aggregatedApiService,
    metricsApiService: contract.metricsApiService,
    platformAuthSecret: contract.platformAuthSecret,
    natsConfigSecret: contract.natsConfigSecret,
    natsConfigKey: contract.natsConfigKey,
    natsStoreDir: contract.natsStoreDir,
    clickhouseUser: contract.clickhouseUser,
    clickhouseConfigSecret: contract.clickhouseConfigSecret,
    clickhouseConfigDir: contract.clickhouseConfigDir,
    clickhouseStoreDir: contract.clickhouseStoreDir,
  });
  expect(names.ingressConfigSecret).toBe(contract.configSecretName.ingress());
  expect(names.ingressShardSecrets).toEqual(
    Array.from({ length: contract.ingressShardCount }, (_, shard) =>
      contract.configSecretName.ingressShard(shard),
    ),
  );
  expect(names.retentionDays).toEqual(contract.retentionDays);
  expect(names.platformSettings).toBe(platformSettingsName);
  expect(names.labels.expose).toBe(exposeLabel);
});
