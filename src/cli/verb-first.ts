import type { Command } from 'commander'

/**
 * Options that were said before their command, `millrace --url URL runs`, behind it, where they belong; all else as it was.
 * Those that no command has, or not all in the same form, stay where they are, and are refused there.
 */
export function verbFirst(args: readonly string[], program: Command): readonly string[] {
  const takesValue = formsOf(program)
  let at = 0
  while (args[at]?.startsWith('-') === true) {
    const [name = '', value] = (args[at] ?? '').split('=', 2)
    const takes = takesValue.get(name)
    if (takes === undefined || takes === 'either') return args
    at += takes === 'yes' && value === undefined ? 2 : 1
  }
  const verb = args[at]
  if (at === 0 || verb === undefined) return args
  const rest = args.slice(at + 1)
  const end = rest.includes('--') ? rest.indexOf('--') : rest.length
  return [verb, ...rest.slice(0, end), ...args.slice(0, at), ...rest.slice(end)]
}

/** Whether an option of any command is followed by a value; without those of the program itself. */
function formsOf(program: Command): ReadonlyMap<string, 'yes' | 'no' | 'either'> {
  const forms = new Map<string, 'yes' | 'no' | 'either'>()
  const look = (command: Command): void => {
    for (const { long, required, optional } of command.options) {
      if (long == null) continue
      const form = optional ? 'either' : required ? 'yes' : 'no'
      forms.set(long, (forms.get(long) ?? form) === form ? form : 'either')
    }
    command.commands.forEach(look)
  }
  program.commands.forEach(look)
  for (const { long } of program.options) if (long != null) forms.delete(long)
  return forms
}
