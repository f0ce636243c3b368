/**
 * What files and directories take on a disk, near enough for a quota: blocks of 4 KiB and an inode for each. Apart
 * because a quota that counts only content is no bound: a folder, an empty file and a link take room too.
 */
const blockBytes = 4096;
const inodeBytes = 512;
const nameBytes = 64;

export class DiskUse {
  bytes = 0;
  inodes = 0;

  addFile(storedBytes: number): void {
    this.inodes++;
    this.bytes += inodeBytes + Math.ceil(storedBytes / blockBytes) * blockBytes;
  }

  addDirectory(): void {
    this.inodes++;
    this.bytes += inodeBytes + nameBytes + blockBytes;
  }

  addSymlink(): void {
    this.inodes++;
    this.bytes += inodeBytes + nameBytes;
  }

  /** A further name of a file. */
  addName(): void {
    this.bytes += nameBytes;
  }
}
