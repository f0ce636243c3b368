/** A gateway with the stand-in behind it, and the way of a sandbox to the gateway. Everything it opens is closed by `close`. */
import { startProvider, type RunningProvider } from '../../examples/provider/index.ts';
import { openGatewayBed, type GatewayBed } from '../egress/gateway-bed.ts';
import { hosts, keys } from './apis.ts';
import { configOf, type Pair } from './gateway-policy.ts';
import { openSandboxWay, type SandboxWay } from './sandbox-way.ts';

export interface SdkBed extends SandboxWay {
  readonly gateway: GatewayBed;
  readonly provider: RunningProvider;
  use(pair: Pair): void;
}

export async function openSdkBed(): Promise<SdkBed> {
  let provider: RunningProvider | undefined;
  const gateway = await openGatewayBed({
    start: async (ip) => {
      provider = await startProvider({ host: ip, port: 443, keys });
      return provider;
    },
  });
  const way = await openSandboxWay(gateway, hosts);
  return {
    ...way,
    gateway,
    provider: provider!,
    use: (pair) =>
      gateway.configure((ip, port) => configOf(pair, { ip, port, trustPem: provider?.caPem ?? '' })),
    close: async () => {
      await way.close();
      await gateway.close();
    },
  };
}
