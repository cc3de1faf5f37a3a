/** Addresses of repositories as they come and as they are shown. */

/**
 * With user and token in it, which is where the `git` step looks for them; an address of another kind (ssh, a path)
 * has no place for them and stays as it is.
 */
export function withLogin(address: string, username: string, token: string): string {
  if (username === '' && token === '') return address
  const url = /^https?:\/\//.test(address) ? URL.parse(address) : null
  if (url === null) return address
  url.username = encodeURIComponent(username === '' ? 'oauth2' : username)
  url.password = encodeURIComponent(token)
  return url.href
}

/** Without them. */
export function withoutLogin(address: string): string {
  const url = /^https?:\/\//.test(address) && address.includes('@') ? URL.parse(address) : null
  if (url === null || (url.username === '' && url.password === '')) return address
  url.username = ''
  url.password = ''
  return url.href
}

/** What a task is called after: the repository's name, in letters that a name may have. */
export function repositoryName(address: string): string {
  const [path = ''] = withoutLogin(address).split(/[?#]/, 1)
  const last = path
    .replace(/(?<!\/)\/+$/, '')
    .split(/[/:]/)
    .at(-1)
  const name = (last ?? '').replace(/\.git$/, '').replaceAll(/[^\p{L}\p{N}._-]/gu, '-')
  return name.slice(0, 100) || 'check'
}
