/** What Prometheus reads of a gateway's exchanges, as often as it reads. */
import { expect, it } from 'vitest';
import { GatewayMetrics } from '../../egress/metrics.ts';

function countsOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('clrk_egress_exchanges_total{') && !line.endsWith(' 0'));
}

it('exchanges are counted by decision and class of status, and reading does not count', async () => {
  const metrics = new GatewayMetrics(() => 0);
  metrics.exchange({ status: 200, denyReason: undefined }, 0.1);
  metrics.exchange({ status: 204, denyReason: undefined }, 0.1);
  metrics.exchange({ status: 403, denyReason: 'policy' }, 0.1);
  metrics.exchange({ status: undefined, denyReason: undefined }, 0.1);
  // No class of its own, and no line of its own.
  metrics.exchange({ status: 999, denyReason: undefined }, 0.1);
  const expected = [
    'clrk_egress_exchanges_total{decision="allow",status_class="none"} 1',
    'clrk_egress_exchanges_total{decision="allow",status_class="2xx"} 2',
    'clrk_egress_exchanges_total{decision="deny",status_class="4xx"} 1',
  ];
  expect(countsOf(await metrics.text())).toEqual(expected);
  expect(countsOf(await metrics.text())).toEqual(expected);
  metrics.exchange({ status: 404, denyReason: 'policy' }, 0.1);
  expect(countsOf(await metrics.text())[2]).toMatch(/ 2$/);
});
