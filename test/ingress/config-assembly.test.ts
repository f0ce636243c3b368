/** The config of the ingress comes in parts; a part that is missing is not "no such agent". */
import { describe, expect, it } from 'vitest';
import { ingressShardCount, type IngressAgent, type IngressSettings } from '../../contract/index.ts';
import { ConfigAssembly } from '../../ingress/config-assembly.ts';

const settings = { version: 1, digest: 's' } as IngressSettings;
const shard = (number: number, ...names: readonly string[]) => ({
  version: 1 as const,
  digest: `d${number}-${names.join()}`,
  shard: number,
  agents: names.map((name) => ({ name }) as IngressAgent),
});

describe('ConfigAssembly', () => {
  it('hands on nothing before settings and every shard are there, then the whole after each change', () => {
    const assembly = new ConfigAssembly();
    for (let number = 1; number < ingressShardCount; number += 1) {
      expect(assembly.takeShard(number, shard(number, `a${number}`))).toBeUndefined();
    }
    expect(assembly.missing).toBe('no config yet');
    expect(assembly.takeSettings(settings)).toBeUndefined();
    expect(assembly.missing).toBe(`1 of ${ingressShardCount} shards of agents not read yet`);
    expect(assembly.takeShard(0, shard(0))?.agents).toHaveLength(ingressShardCount - 1);
    const after = assembly.takeShard(0, shard(0, 'x', 'y'));
    expect(after?.agents).toHaveLength(ingressShardCount + 1);
    expect(assembly.shardDigests[0]).toBe('d0-x,y');
    expect(assembly.missing).toBeUndefined();
  });
});
