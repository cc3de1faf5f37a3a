import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

/** The page as `vite build` has left it: what there is to serve is known when the server starts. */
export interface PageBuild {
  /** index.html; {@link NONCE_PLACE} stands where the nonce of a response goes. */
  readonly index: string
  /** By path in the URL. */
  readonly files: ReadonlyMap<string, PageFile>
}

export interface PageFile {
  readonly path: string
  readonly type: string
  /** Its name changes with its content: browsers may keep it for ever. */
  readonly immutable: boolean
  /** Compressed by the build, best first; the file itself is there in any case. */
  readonly encodings: readonly Encoding[]
}

export type Encoding = 'br' | 'gzip'

/** What vite.config.ts has put into index.html. */
export const NONCE_PLACE = '__MILLRACE_NONCE__'

export const ENCODING_SUFFIX = { br: '.br', gzip: '.gz' } as const satisfies Record<Encoding, string>

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}

/** Reads what a build has left in a directory. @returns undefined: there is none. */
export function readPageBuild(directory: string): PageBuild | undefined {
  const indexPath = join(directory, 'index.html')
  if (!existsSync(indexPath)) return undefined
  const names = new Set(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length).replaceAll('\\', '/')),
  )
  const files = new Map<string, PageFile>()
  for (const name of names) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    const encodings = (['br', 'gzip'] as const).filter((one) => names.has(name + ENCODING_SUFFIX[one]))
    files.set(name, { path: join(directory, name), type, immutable: name.startsWith('/assets/'), encodings })
  }
  return { index: readFileSync(indexPath, 'utf8'), files }
}
