import type { ParamBody } from './pipeline-body.ts'

/** The vendor's `${NAME}` and our `${{ params.NAME }}`; the vendor's names of params and ours. */
export interface Words {
  /** The vendor's name of a param -> ours. */
  readonly names: ReadonlyMap<string, string>
  /** A text of the vendor's in which params are put: what names none of them stays as it is. */
  readonly template: (text: string) => string
  /** A script as it is, in which all params are environment variables: only what cannot be one's name is another there. */
  readonly script: (text: string) => string
}

/** An identifier, as a param must have for a name here: it becomes an environment variable. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/

/** `image.tag` is `image_tag` with us; a second of that name gets a number. */
export function wordsOf(params: readonly Pick<ParamBody, 'name'>[]): Words {
  const names = new Map<string, string>()
  const taken = new Set(params.map(({ name }) => name).filter((name) => IDENTIFIER.test(name)))
  for (const { name } of params) {
    if (taken.has(name)) names.set(name, name)
  }
  for (const { name } of params) {
    if (names.has(name)) continue
    const wanted = `P_${name.replace(/[^A-Za-z0-9_]/g, '_')}`.slice(0, 58)
    let given = wanted
    for (let count = 2; taken.has(given); count += 1) given = `${wanted}_${count}`
    taken.add(given)
    names.set(name, given)
  }
  return { names, template: (text) => template(text, names), script: (text) => script(text, names) }
}

/** `${{`, which ours would be, is escaped. */
const script = (text: string, names: ReadonlyMap<string, string>): string =>
  text
    .split('${{')
    .join('$${{')
    .replace(/\$\{([^${}]{1,64})\}/g, (whole, name: string) => {
      const given = names.get(name) ?? name
      return given === name ? whole : `\${${given}}`
    })

const SYSTEM: ReadonlyMap<string, string> = new Map(['SYS_TIMESTAMP', 'SYS_INCREMENT'].map((name) => [name, name]))

const template = (text: string, names: ReadonlyMap<string, string>): string =>
  text.replace(/\$\{(\{?)([^${}]{0,64})\}?/g, (whole, brace: string, name: string) => {
    // What means something to us and nothing to the vendor is not looked into.
    if (brace !== '') return `$${whole}`
    const param = names.get(name) ?? SYSTEM.get(name)
    return param === undefined || !whole.endsWith('}') ? whole : `\${{ params.${param} }}`
  })
