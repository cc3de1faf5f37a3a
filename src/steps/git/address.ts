/**
 * What may be handed to git as an address. Git's own forms reach further than a fetch: `ext::sh -c ...` runs a command
 * (gitremote-helpers(7)), a leading `-` is an option, `ssh://-oProxyCommand=...` an option of ssh's.
 */
const SCHEMES: ReadonlySet<string> = new Set(['https:', 'http:', 'ssh:', 'git:', 'file:'])

/** `user@host:path`, as in git-clone(1): a colon with no slash before it. */
const SCP_LIKE = /^(?:[A-Za-z0-9_.][A-Za-z0-9_.-]*@)?[A-Za-z0-9_.][A-Za-z0-9_.-]*:(?![:/]{2})[^\s]+$/

export function isUrl(text: string): boolean {
  if (text.startsWith('-') || /[\s\p{Cc}\\]/u.test(text) || /^[A-Za-z0-9+.-]+::/.test(text)) return false
  if (text.startsWith('/')) return true
  if (!text.includes('://')) return SCP_LIKE.test(text)
  const url = URL.parse(text)
  if (url === null || !SCHEMES.has(url.protocol)) return false
  return url.protocol === 'file:' || (url.hostname !== '' && !decodeURIComponent(url.hostname).startsWith('-'))
}

/** `ssh://...` or `user@host:path`, of what {@link isUrl} let through. */
export const isSshAddress = (url: string): boolean =>
  url.startsWith('ssh://') || (!url.includes('://') && !url.startsWith('/'))

/** A path on the machine that runs git. */
export const isLocalAddress = (url: string): boolean => url.startsWith('/') || url.startsWith('file:')

/** A directory of a repository: no option, no pattern, nothing above it. */
export const isDirectory = (path: string): boolean =>
  /^[^-/!#*?[\]\\\p{Cc}"][^*?[\]\\\p{Cc}"]*$/u.test(path) && !path.split('/').includes('..')

/** As git-check-ref-format(1), without what looks like an option or a revision expression. */
export function isRef(text: string): boolean {
  return (
    text !== '' &&
    text !== '@' &&
    !/^[-/.]|[/.]$|\.lock$|\/\.|\.\.|\/\/|@\{|\.lock\//.test(text) &&
    !/[\s\p{Cc}~^:?*[\\]/u.test(text)
  )
}

export const isFullCommit = (ref: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref)
export const isShortCommit = (ref: string): boolean => /^[0-9a-f]{4,63}$/.test(ref)

/** The address without user and password, for logs and for the stored remote; and the rule that puts them in again. */
export function splitCredentials(text: string): { readonly url: string; readonly config: string } {
  const url = /^https?:\/\//.test(text) ? URL.parse(text) : null
  if (url === null || (url.username === '' && url.password === '')) return { url: text, config: '' }
  const secret = `${url.protocol}//${url.username}${url.password === '' ? '' : `:${url.password}`}@${url.host}/`
  const plain = `${url.protocol}//${url.host}/`
  url.username = ''
  url.password = ''
  // A URL's user, password and host hold no quote, backslash or newline: they are percent-encoded.
  return { url: url.href, config: `[url "${secret}"]\n\tinsteadOf = ${plain}\n` }
}

/**
 * A file for git-credential-store(1) and the configuration that names it: git itself looks there for this server alone,
 * so that the token is in no argument, no environment and no stored address. undefined: the address is of no such server.
 */
export function storedCredentials(
  address: string,
  user: string,
  token: string,
  path: string,
): { readonly file: string; readonly config: string } | undefined {
  const url = /^https?:\/\//.test(address) ? URL.parse(address) : null
  if (url === null || url.username !== '' || url.password !== '') return undefined
  // git gives the line of a helper to a shell.
  const helper = `store --file='${path.replaceAll("'", String.raw`'\''`)}'`
  return {
    file: `${url.protocol}//${encodeURIComponent(user)}:${encodeURIComponent(token)}@${url.host}\n`,
    config: `[credential]\n\thelper = "${helper.replaceAll(/["\\]/g, String.raw`\$&`)}"\n`,
  }
}
