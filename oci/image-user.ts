/**
 * An image's USER to numbers, by the image's own /etc/passwd and /etc/group. Apart because names belong to the
 * image, never to the host. The files are read without following links out of the root, and bounded.
 */
import type { ClrkError } from '../contract/index.ts';
import { readConfinedFile } from './confined-path.ts';
import { imageError } from './image-error.ts';

export interface ImageUser {
  readonly uid: number;
  readonly gid: number;
  /** Groups of /etc/group that list the user, without the primary one. */
  readonly additionalGids: readonly number[];
  /** `/` when the image does not say. */
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** passwd files of real images are a few kilobytes; a megabyte is someone's mistake or attack. */
const maxFileBytes = 1024 * 1024;
/** 2^32-1 means "no change" to setuid(2), so the largest id is one less. */
const maxId = 2 ** 32 - 2;

function parseId(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= maxId ? id : undefined;
}

export function parsePasswd(text: string): readonly PasswdEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uidText = '', gidText = '', , home = ''] = line.split(':');
    const uid = parseId(uidText);
    const gid = parseId(gidText);
    return name === '' || uid === undefined || gid === undefined ? [] : [{ name, uid, gid, home }];
  });
}

export function parseGroup(text: string): readonly GroupEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , gidText = '', members = ''] = line.split(':');
    const gid = parseId(gidText);
    if (name === '' || gid === undefined) return [];
    return [{ name, gid, members: members.split(',').filter((member) => member !== '') }];
  });
}

function unknown(what: string, name: string): ClrkError {
  return imageError('IMAGE_USER_UNKNOWN', `the image runs as ${what} "${name}", which it does not define`);
}

function parseUserGroup(text: string, groups: readonly GroupEntry[]): number {
  const gid = parseId(text) ?? groups.find((group) => group.name === text)?.gid;
  if (gid === undefined) throw unknown('group', text);
  return gid;
}

function memberships(entry: PasswdEntry | undefined, gid: number, groups: readonly GroupEntry[]): number[] {
  const mine = groups.filter((group) => entry !== undefined && group.members.includes(entry.name));
  return [...new Set(mine.map((group) => group.gid))].filter((each) => each !== gid);
}

function findEntry(userText: string, passwd: readonly PasswdEntry[]): PasswdEntry | undefined {
  const id = parseId(userText);
  return passwd.find((each) => (id === undefined ? each.name === userText : each.uid === id));
}

function splitUser(user: string): readonly [userText: string, groupText: string] {
  const [name = '', groupText = ''] = user.split(':', 2);
  return [name === '' ? '0' : name, groupText];
}

/** Pure: the rules of Docker's USER. A number need not exist in passwd; its gid is then 0. */
export function computeUser(
  user: string,
  passwd: readonly PasswdEntry[],
  groups: readonly GroupEntry[],
): ImageUser {
  const [userText, groupText] = splitUser(user);
  const entry = findEntry(userText, passwd);
  const uid = parseId(userText) ?? entry?.uid;
  if (uid === undefined) throw unknown('user', userText);
  const home = entry?.home || '/';
  if (groupText !== '') return { uid, gid: parseUserGroup(groupText, groups), additionalGids: [], home };
  const gid = entry?.gid ?? 0;
  return { uid, gid, additionalGids: memberships(entry, gid, groups), home };
}

/** Reads the image's own files; a missing file is an empty one. */
export async function resolveUser(rootfsPath: string, user: string): Promise<ImageUser> {
  const read = async (path: string): Promise<string> =>
    (await readConfinedFile(rootfsPath, path, maxFileBytes))?.toString('utf8') ?? '';
  return computeUser(user, parsePasswd(await read('etc/passwd')), parseGroup(await read('etc/group')));
}
