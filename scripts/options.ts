import { Command, InvalidArgumentError, Option } from 'commander'

/** A whole number from `least` to `most`; without a `standard` it may be left out. */
interface Whole {
  readonly kind: 'whole'
  readonly about: string
  readonly least: number
  readonly most?: number
  readonly standard?: number
  /** How the help tells a standard that is another one each time. */
  readonly standardIs?: string
}

interface Choice<Word extends string = string> {
  readonly kind: 'choice'
  readonly about: string
  readonly words: readonly Word[]
  readonly standard: Word
}

interface Path {
  readonly kind: 'path'
  readonly about: string
}

interface Flag {
  readonly kind: 'flag'
  readonly about: string
}

type Spec = Whole | Choice | Path | Flag

type ValueOf<One extends Spec> = One extends { readonly kind: 'whole'; readonly standard: number }
  ? number
  : One extends Whole
    ? number | undefined
    : One extends Choice<infer Word>
      ? Word
      : One extends Path
        ? string | undefined
        : boolean

type Values<Specs extends Readonly<Record<string, Spec>>> = { readonly [Name in keyof Specs]: ValueOf<Specs[Name]> }

export const seedOption = {
  kind: 'whole',
  about: 'what is drawn by chance follows from it',
  least: 0,
  standard: Date.now() % 2 ** 31,
  standardIs: 'another one each time',
} as const satisfies Whole

export const jsonOption = { kind: 'flag', about: 'one line of JSON on standard output' } as const satisfies Flag

/**
 * What a script of this folder was asked for. `--help` ends it with 0, and what it does not know or cannot take with 2,
 * after a sentence that says what was expected.
 *
 * @param name as in `npm run NAME -- ...`
 */
export function readOptions<const Specs extends Readonly<Record<string, Spec>>>(
  name: string,
  about: string,
  specs: Specs,
): Values<Specs> {
  const command = new Command(`npm run ${name} --`)
    .description(about)
    .usage('[options]')
    .helpOption('-h, --help', 'this text')
    .allowExcessArguments(false)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  for (const [key, spec] of Object.entries(specs)) command.addOption(optionOf(key, spec))
  return command.parse().opts<Values<Specs>>()
}

function optionOf(key: string, spec: Spec): Option {
  switch (spec.kind) {
    case 'whole': {
      const option = new Option(`--${key} <n>`, spec.about).argParser((given) => wholeNumber(given, spec))
      return spec.standard === undefined ? option : option.default(spec.standard, spec.standardIs)
    }
    case 'choice':
      return new Option(`--${key} <word>`, spec.about).choices(spec.words).default(spec.standard)
    case 'path':
      return new Option(`--${key} <file>`, spec.about)
    case 'flag':
      return new Option(`--${key}`, spec.about).default(false)
  }
}

function wholeNumber(given: string, { least, most = Number.MAX_SAFE_INTEGER }: Whole): number {
  const value = Number(given)
  if (/^\d{1,16}$/.test(given) && value >= least && value <= most) return value
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
  throw new InvalidArgumentError(`Expected a whole number ${range}.`)
}
