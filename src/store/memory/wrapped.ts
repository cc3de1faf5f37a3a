type Method = (...args: readonly never[]) => Promise<unknown>

/** The same port, each of its calls made by `call`. */
export function wrapped<Port extends object>(
  port: Port,
  call: (work: () => Promise<unknown>) => Promise<unknown>,
): Port {
  const methods = Object.entries(port) as [string, Method][]
  return Object.fromEntries(
    methods.map(([name, method]) => [name, (...args: readonly never[]) => call(() => method(...args))]),
  ) as Port
}
