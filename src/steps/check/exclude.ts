/**
 * Whether a path is left out. An entry is a file or a directory with all in it (`docs`, `src/gen/`, `/docs`), or `*` and
 * an ending (`*.min.js`): no more, so that no entry can be slow to match.
 */
export function isExcluded(file: string, exclude: readonly string[]): boolean {
  return exclude.some((entry) => {
    if (entry.startsWith('*')) return entry.length > 1 && file.endsWith(entry.slice(1))
    const path = entry.replace(/^(?:\.?\/)+/, '').replace(/(?<!\/)\/+$/, '')
    return path !== '' && (file === path || file.startsWith(`${path}/`))
  })
}
