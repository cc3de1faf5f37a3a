import { functionOf } from './arguments.ts'
import { BambooError, type Meter } from './meter.ts'
import { partsOf } from './number.ts'
import { type Callable, tupleOf, type Value } from './value.ts'

/** What Python's ints and floats have: a bool is an int there. */

/** The attribute of that name, and the number that it is; undefined: there is none. */
export function numberAttribute(value: Value, name: string): Value | undefined {
  const number = typeof value === 'boolean' ? BigInt(value) : value
  if (typeof number !== 'bigint' && typeof number !== 'number') return undefined
  if (name === 'real') return number
  if (name === 'imag') return typeof number === 'bigint' ? 0n : 0
  if (typeof number === 'number') return undefined
  return { numerator: number, denominator: 1n }[name]
}

/** Of nothing, none. */
const bitsOf = (int: bigint): string => (int === 0n ? '' : (int < 0n ? -int : int).toString(2))

const INT_METHODS: Readonly<Record<string, (self: bigint) => Value>> = {
  bit_length: (self) => BigInt(bitsOf(self).length),
  bit_count: (self) => BigInt(bitsOf(self).replaceAll('0', '').length),
  conjugate: (self) => self,
  as_integer_ratio: (self) => tupleOf([self, 1n]),
}

const FLOAT_METHODS: Readonly<Record<string, (self: number) => Value>> = {
  is_integer: (self) => Number.isInteger(self),
  conjugate: (self) => self,
  as_integer_ratio: (self) => tupleOf(ratioOf(self)),
  hex: hexOf,
}

/** The method of that name, bound to its number; undefined when there is none. */
export function numberMethod(value: Value, name: string, meter: Meter): Callable | undefined {
  const number = typeof value === 'boolean' ? BigInt(value) : value
  if (typeof number === 'bigint') return bound(number, INT_METHODS, name, meter)
  return typeof number === 'number' ? bound(number, FLOAT_METHODS, name, meter) : undefined
}

function bound<Self>(
  self: Self,
  methods: Readonly<Record<string, (self: Self) => Value>>,
  name: string,
  meter: Meter,
): Callable | undefined {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  return (
    method &&
    functionOf(name, 0, [], meter, () => {
      meter.spend(100)
      return method(self)
    })
  )
}

/** @throws BambooError when it is not finite. */
function ratioOf(float: number): readonly [bigint, bigint] {
  if (!Number.isFinite(float)) throw new BambooError('cannot convert to integer ratio')
  const [mantissa, exponent] = partsOf(Math.abs(float))
  let [over, under] = exponent >= 0 ? [mantissa << BigInt(exponent), 1n] : [mantissa, 1n << BigInt(-exponent)]
  while (under > 1n && over % 2n === 0n) [over, under] = [over / 2n, under / 2n]
  return [float < 0 ? -over : over, under]
}

/** Sign, thirteen hex digits behind the point, and the power of two. */
function hexOf(float: number): string {
  if (Number.isNaN(float)) return 'nan'
  const sign = float < 0 || Object.is(float, -0) ? '-' : ''
  if (!Number.isFinite(float)) return `${sign}inf`
  if (float === 0) return `${sign}0x0.0p+0`
  const [mantissa, exponent] = partsOf(Math.abs(float))
  const isNormal = mantissa >= 0x10_0000_0000_0000n
  const digits = (mantissa & 0xf_ffff_ffff_ffffn).toString(16).padStart(13, '0')
  const power = exponent + 52
  return `${sign}0x${isNormal ? '1' : '0'}.${digits}p${power < 0 ? '-' : '+'}${Math.abs(power)}`
}
