/** What an installation is made with, and what an upgrade keeps of it. */
import { expect, test } from 'vitest';
import { choicesOf, mergeChoices, platformObjects } from '../../cli/install/platform-objects.ts';

test.each([
  ['nothing said keeps what was chosen', { image: 'a', clickhouseUrl: 'http://ch:1' }, {}, {}],
  ['another image, the same place', { clickhouseUrl: 'http://ch:1' }, { image: 'b' }, { image: 'b' }],
] as const)('%s', (_name, earlier, chosen, changed) => {
  expect(mergeChoices(earlier, chosen)).toEqual({ ...earlier, ...changed });
});

test('who names another place for the records has left the earlier one', () => {
  const url = { storageClass: 's', clickhouseUrl: 'http://ch:1' };
  expect(mergeChoices(url, { installClickhouse: true })).toEqual({
    storageClass: 's',
    installClickhouse: true,
  });
  const own = { storageClass: 's', installClickhouse: true };
  expect(mergeChoices(own, { clickhouseUrl: 'http://ch:1' })).toEqual(url);
});

test('choices survive on the ConfigMap; what is none is no choice', async () => {
  const choices = { installClickhouse: true, platformCidrs: '10.0.0.0/8', logRetentionDays: 30 };
  const objects = await platformObjects('agents-prod', choices);
  const settings = objects.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'clrk-platform',
  );
  const annotations = (settings?.metadata as { annotations?: Record<string, string> } | undefined)
    ?.annotations;
  expect(choicesOf(annotations?.['clrk.apoxy.dev/install-options'])).toEqual(choices);
  expect(objects.some(({ metadata }) => metadata.name === 'clrk-clickhouse')).toBe(true);
  expect(settings?.['data']).toMatchObject({ logRetentionDays: '30' });
  expect(choicesOf('{"shell":"rm"}')).toEqual({});
  expect(choicesOf('not json')).toEqual({});
});

test.each([
  [{ logRetentionDays: 367 }, 'logRetentionDays must be a whole number of days from 1 to 366, not 367'],
  [{ traceRetentionDays: 0 }, 'from 1 to 366'],
  [{ invocationRetentionDays: 1.5 }, 'from 1 to 3650'],
])('days that cannot be kept are refused: %j', async (choices, message) => {
  await expect(platformObjects('agents-prod', choices)).rejects.toThrow(message);
});
