import { Option } from 'commander'
import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'

/** An option that is a whole number from 1 to `max`. */
export const wholeNumberOption = (flags: string, text: string, max: number): Option =>
  new Option(flags, text).argParser((given: string): number => {
    if (/^[1-9]\d{0,14}$/.test(given) && Number(given) <= max) return Number(given)
    throw new Fault(
      EXIT.usage,
      `${/--[a-z-]+/.exec(flags)?.[0] ?? flags}: expected a whole number, 1 to ${max}, found ${JSON.stringify(given)}`,
    )
  })

export const cursorOption = (): Option =>
  new Option('--cursor <next>', '`next` of the page before: go on where that ended').argParser(
    (given: string): string => {
      if (/^\d{1,15}$/.test(given)) return given
      throw new Fault(EXIT.usage, `--cursor: expected what the page before said, found ${JSON.stringify(given)}`)
    },
  )
