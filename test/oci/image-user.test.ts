import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { computeUser, parseGroup, parsePasswd, resolveUser } from '../../oci/image-user.ts';
import { codeOf, temporaryDirectory } from './image-fixture.ts';

const passwd = parsePasswd(
  'root:x:0:0:root:/root:/bin/sh\napp:x:1000:100::/home/app:\nbroken\nbad:x:z:1::/:\n',
);
const groups = parseGroup('root:x:0:\nusers:x:100:\nwheel:x:10:app,other\ndocker:x:20:app\n');

test.each([
  ['', { uid: 0, gid: 0, additionalGids: [], home: '/root' }],
  ['0', { uid: 0, gid: 0, additionalGids: [], home: '/root' }],
  ['app', { uid: 1000, gid: 100, additionalGids: [10, 20], home: '/home/app' }],
  ['1000', { uid: 1000, gid: 100, additionalGids: [10, 20], home: '/home/app' }],
  ['app:wheel', { uid: 1000, gid: 10, additionalGids: [], home: '/home/app' }],
  ['app:7', { uid: 1000, gid: 7, additionalGids: [], home: '/home/app' }],
  ['4242', { uid: 4242, gid: 0, additionalGids: [], home: '/' }],
  ['4242:4243', { uid: 4242, gid: 4243, additionalGids: [], home: '/' }],
])('USER %j', (user, expected) => {
  expect(computeUser(user, passwd, groups)).toEqual(expected);
});

test.each(['nobody', 'bad', 'app:nogroup', '4294967295', '-1', '99999999999'])(
  'USER %j is refused',
  (user) => {
    expect(() => computeUser(user, passwd, groups)).toThrowError(
      expect.objectContaining({ code: 'IMAGE_USER_UNKNOWN' }),
    );
  },
);

let root = '';
beforeEach(async () => {
  root = await temporaryDirectory();
  await mkdir(join(root, 'rootfs', 'etc'), { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('names come from the image and never, by a link, from the host', async () => {
  await writeFile(join(root, 'passwd'), 'outside:x:7:7::/:\n');
  await symlink('../../passwd', join(root, 'rootfs', 'etc', 'passwd'));
  expect(await codeOf(resolveUser(join(root, 'rootfs'), 'outside'))).toBe('IMAGE_USER_UNKNOWN');
  await writeFile(join(root, 'rootfs', 'passwd'), 'inside:x:8:8::/:\n');
  expect((await resolveUser(join(root, 'rootfs'), 'inside')).uid).toBe(8);
});
