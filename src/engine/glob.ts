/**
 * Globs for branches, tags and paths: `*` any characters but `/`, `**` any at all, `?` one but `/`, `{a,b}` one of these,
 * `\` before a character takes it as it is. Of our own, because those that become a RegExp can be made to run for ever
 * (`path.matchesGlob` does on `*a*a*a*a...b`): the cost here is the length of the glob times that of the name.
 */
export function matchesGlob(name: string, glob: string): boolean {
  return alternatives(glob).some((one) => matchesOne(name, tokensOf(one)))
}

/** What `{a,b}` of one glob may be written out to, together. */
const ALTERNATIVES_MAX = 100

/** What is wrong with a glob, or undefined. */
export function globProblem(glob: string): string | undefined {
  if (glob === '' || glob === '!') return 'expected a glob, found nothing'
  let depth = 0
  for (let index = 0; index < glob.length; index += 1) {
    const char = glob[index]
    if (char === '\\') index += 1
    else if (char === '{') depth += 1
    else if (char === '}') depth -= 1
    if (depth > 1) return 'expected no { within { }'
    if (depth < 0) break
  }
  if (depth !== 0) return 'expected a } for every {'
  return alternatives(glob).length > ALTERNATIVES_MAX ? `expected { } with at most ${ALTERNATIVES_MAX} ways` : undefined
}

/** Written out, at most one more than there may be. */
function alternatives(glob: string): readonly string[] {
  let all = ['']
  let rest = glob
  while (rest !== '') {
    const [before, inside, after] = braces(rest)
    const ways = inside === null ? [''] : inside
    all = all.flatMap((start) => ways.map((way) => start + before + way)).slice(0, ALTERNATIVES_MAX + 1)
    rest = after
  }
  return all
}

/** What stands before the first braces, their parts, and what stands behind. null: there are none. */
function braces(glob: string): readonly [before: string, inside: readonly string[] | null, after: string] {
  let open = -1
  const parts: string[] = []
  let from = 0
  for (let index = 0; index < glob.length; index += 1) {
    const char = glob[index]
    if (char === '\\') index += 1
    else if (char === '{' && open < 0) {
      open = index
      from = index + 1
    } else if ((char === ',' || char === '}') && open >= 0) {
      parts.push(glob.slice(from, index))
      from = index + 1
      if (char === '}') return [glob.slice(0, open), parts, glob.slice(from)]
    }
  }
  return [glob, null, '']
}

type Token = { readonly kind: 'char'; readonly char: string } | { readonly kind: 'one' | 'some' | 'all' | 'folders' }

function tokensOf(glob: string): readonly Token[] {
  const tokens: Token[] = []
  for (let index = 0; index < glob.length; index += 1) {
    const char = glob[index] ?? ''
    if (char === '*' && glob[index + 1] === '*') {
      while (glob[index + 1] === '*') index += 1
      const isFolders = (tokens.length === 0 || isSlash(tokens.at(-1))) && glob[index + 1] === '/'
      if (isFolders) index += 1
      tokens.push({ kind: isFolders ? 'folders' : 'all' })
    } else if (char === '*') tokens.push({ kind: 'some' })
    else if (char === '?') tokens.push({ kind: 'one' })
    else if (char === '\\' && index + 1 < glob.length) {
      index += 1
      tokens.push({ kind: 'char', char: glob[index] ?? '' })
    } else tokens.push({ kind: 'char', char })
  }
  return tokens
}

const isSlash = (token: Token | undefined): boolean => token?.kind === 'char' && token.char === '/'

/** By the states that are reached after each character: each at most once. */
function matchesOne(name: string, tokens: readonly Token[]): boolean {
  let reached = spread(new Set([0]), tokens)
  for (const char of name) {
    const next = new Set<number>()
    const inFolders = new Set<number>()
    for (const state of reached) {
      const token = tokens[state]
      switch (token?.kind) {
        case 'all':
          next.add(state)
          break
        case 'folders':
          // `a/**/b` is also a/b, and not a/xb: what follows begins behind a slash.
          inFolders.add(state)
          if (char === '/') next.add(state + 1)
          break
        case 'some':
          if (char !== '/') next.add(state)
          break
        case 'one':
          if (char !== '/') next.add(state + 1)
          break
        case 'char':
          if (token.char === char) next.add(state + 1)
          break
        case undefined:
          break
      }
    }
    if (next.size + inFolders.size === 0) return false
    reached = spread(next, tokens)
    for (const state of inFolders) reached.add(state)
  }
  return reached.has(tokens.length)
}

/** What may be nothing is passed over. */
function spread(states: Set<number>, tokens: readonly Token[]): Set<number> {
  for (const state of states) {
    const kind = tokens[state]?.kind
    if (kind === 'all' || kind === 'some' || kind === 'folders') states.add(state + 1)
  }
  return states
}
