/** What the system says when a file or a connection cannot be used, in an owner's words. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user has no permission for it',
  EPERM: 'this user has no permission for it',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'there is such a file already, and it is not overwritten',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the share of the disk that this user may fill is full',
  EFBIG: 'the file must not become larger',
  EROFS: 'the disk can only be read',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  EIO: 'the device failed',
  ECONNRESET: 'the other side broke the connection off',
  EPIPE: 'the other side closed the connection',
  ETIMEDOUT: 'the other side does not answer',
  EHOSTUNREACH: 'the network has no way to it',
  ENETUNREACH: 'the network has no way to it',
  EADDRNOTAVAIL: 'this machine does not have that address',
};

/** Why the system did not do what it was asked, without its own words; an unknown code is shown as it is. */
export function systemFault(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (Object.hasOwn(WORDS, code)) return WORDS[code] ?? code;
  return `the system says ${code === '' ? String(cause) : code}`;
}
