/** Where a store is, as the command line names it. */
export type StorePlace =
  | { readonly kind: 'sqlite'; readonly directory: string }
  | { readonly kind: 'postgres'; readonly url: string }

export const STORE_PLACE_EXPECTED =
  'sqlite:DIRECTORY (the data directory) or postgres://user:password@host:port/database'

/** undefined: it is neither. The file in the directory is taken for the directory. */
export function parseStorePlace(text: string): StorePlace | undefined {
  if (/^postgres(?:ql)?:\/\//.test(text)) return URL.canParse(text) ? { kind: 'postgres', url: text } : undefined
  const path = /^sqlite:(.+)$/s.exec(text)?.[1]
  if (path === undefined || path.includes('\0')) return undefined
  const directory = path.replace(/^\/\/(?=\/)/, '').replace(/(^|\/)millrace\.db$/, '$1')
  return { kind: 'sqlite', directory: directory === '' ? '.' : directory }
}
