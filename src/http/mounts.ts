/** Who answers under a path. */
export interface Mount {
  readonly name: string
  /**
   * Paths that belong to it with all that is below them: `/api/v1` has `/api/v1/runs`, not `/api/v10`. One segment may be
   * any, with a name for it (`/v3/:project/tasks`): it takes paths from whoever has what stands before it (`/v3`), not from
   * a mount that names that segment (`/v3/projects`).
   */
  readonly prefixes: readonly string[]
  readonly handle: (request: Request) => Promise<Response>
  /** Long JSON answers are compressed for whoever takes that. Vendors' clients get what the vendors send: bytes as they are. */
  readonly compresses?: true
}

/**
 * Who owns a path: the longest prefix wins, so fixed paths come before those with a parameter.
 * @throws Error when two mounts claim the same prefix: then the order of a list would decide who is seen.
 */
export function mountTable(mounts: readonly Mount[]): (path: string) => Mount | undefined {
  const owners = new Map<string, Mount>()
  for (const mount of mounts) {
    for (const prefix of mount.prefixes) {
      const plain = withoutSlash(prefix)
      if (!prefix.startsWith('/')) throw new Error(`${mount.name}: a prefix begins with a slash, found ${prefix}`)
      const other = owners.get(plain)
      if (other !== undefined) throw new Error(`${mount.name} and ${other.name} both claim the paths under ${prefix}`)
      owners.set(plain, mount)
    }
  }
  const open = [...owners].flatMap(([prefix, mount]) => openPrefixes(prefix, mount))
  const longest = Math.max(0, ...[...owners.keys()].map((prefix) => prefix.length))
  return (path) => {
    // A path of 200,000 slashes has 200,000 places to look at; only the first few can be a prefix.
    let end = path.length <= longest ? path.length : path.lastIndexOf('/', longest)
    if (path.length > longest && path.charAt(longest) === '/') end = longest
    for (; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const owner = owners.get(path.slice(0, end))
      if (owner !== undefined) return ownerOfOpen(open, path, end) ?? owner
    }
    return ownerOfOpen(open, path, 0) ?? owners.get('')
  }
}

interface OpenPrefix {
  readonly before: string
  readonly after: string
  readonly mount: Mount
}

/** None or one. */
function openPrefixes(prefix: string, mount: Mount): OpenPrefix[] {
  const [, before, after] = /^((?:\/[^/:]+)*)\/:\w+(\/.+)$/.exec(prefix) ?? []
  return before === undefined || after === undefined ? [] : [{ before, after, mount }]
}

/** @param fixed length of the longest fixed prefix that has the path. */
function ownerOfOpen(open: readonly OpenPrefix[], path: string, fixed: number): Mount | undefined {
  for (const { before, after, mount } of open) {
    if (before.length < fixed || !path.startsWith(`${before}/`)) continue
    const next = path.indexOf('/', before.length + 1)
    if (next <= before.length + 1 || !path.startsWith(after, next)) continue
    const rest = path.charAt(next + after.length)
    if (rest === '' || rest === '/') return mount
  }
  return undefined
}

const withoutSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path)
