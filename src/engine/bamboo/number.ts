import { BambooError } from './meter.ts'

/** Whole numbers as large as they may be, floats to so many digits: Python's arithmetic where JavaScript's differs. */

type Number_ = bigint | number

/** Largest int, in bits: about 4,900 decimal digits. */
const BITS_MAX = 16_384

const bitsOf = (int: bigint): number => (int < 0n ? -int : int).toString(16).length * 4

/** @throws BambooError before an int is made that is too large. */
function bounded(bits: number): void {
  if (!(bits <= BITS_MAX)) throw new BambooError('the number is too large')
}

/** @throws BambooError when an int has no float. */
export function floatOf(number: Number_): number {
  const float = Number(number)
  if (typeof number === 'bigint' && !Number.isFinite(float)) throw new BambooError('int too large to convert to float')
  return float
}

const areInts = (pair: readonly [Number_, Number_]): pair is readonly [bigint, bigint] =>
  typeof pair[0] === 'bigint' && typeof pair[1] === 'bigint'

export type Arithmetic = '+' | '-' | '*' | '/' | '//' | '%' | '**'

/** @throws BambooError for a division by zero, a number that is too large, or one that is complex. */
export function calculate(sign: Arithmetic, left: Number_, right: Number_): Number_ {
  const pair = [left, right] as const
  if (areInts(pair) && sign !== '/') return calculateInts(sign, ...pair)
  return calculateFloats(sign, floatOf(left), floatOf(right))
}

function calculateInts(sign: Exclude<Arithmetic, '/'>, left: bigint, right: bigint): Number_ {
  switch (sign) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      bounded(bitsOf(left) + bitsOf(right))
      return left * right
    case '//':
      if (right === 0n) throw new BambooError('integer division or modulo by zero')
      return floorDivided(left, right)
    case '%':
      if (right === 0n) throw new BambooError('integer division or modulo by zero')
      return left - floorDivided(left, right) * right
    case '**': {
      if (right < 0n) return calculateFloats('**', floatOf(left), floatOf(right))
      if (left >= -1n && left <= 1n) return right === 0n ? 1n : left < 0n && right % 2n === 0n ? 1n : left
      bounded(bitsOf(left) * Number(right))
      return left ** right
    }
  }
}

function floorDivided(left: bigint, right: bigint): bigint {
  const quotient = left / right
  return left % right !== 0n && left < 0n !== right < 0n ? quotient - 1n : quotient
}

function calculateFloats(sign: Arithmetic, left: number, right: number): number {
  switch (sign) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      if (right === 0) throw new BambooError('division by zero')
      return left / right
    case '//':
      return floatDivided(left, right)[0]
    case '%':
      return floatDivided(left, right)[1]
    case '**':
      return floatPower(left, right)
  }
}

/** Quotient and rest, the rest with the sign of the divisor. */
function floatDivided(left: number, right: number): readonly [number, number] {
  if (right === 0) throw new BambooError('float floor division by zero')
  let rest = left % right
  let quotient = (left - rest) / right
  if (rest === 0) rest = right < 0 ? -0 : 0
  else if (right < 0 !== rest < 0) {
    rest += right
    quotient -= 1
  }
  if (quotient === 0) return [left / right < 0 || Object.is(left / right, -0) ? -0 : 0, rest]
  const floor = Math.floor(quotient)
  return [quotient - floor > 0.5 ? floor + 1 : floor, rest]
}

function floatPower(left: number, right: number): number {
  if (left === 0 && right < 0) throw new BambooError('0.0 cannot be raised to a negative power')
  if (left < 0 && !Number.isInteger(right)) throw new BambooError('complex numbers are not read')
  if (left === 1) return 1 // JavaScript has NaN for some
  const power = left ** right
  if (!Number.isFinite(power) && Number.isFinite(left) && Number.isFinite(right)) {
    throw new BambooError('Numerical result out of range')
  }
  return power
}

export type Bitwise = '<<' | '>>' | '&' | '^' | '|'

export function calculateBits(sign: Bitwise, left: bigint, right: bigint): bigint {
  switch (sign) {
    case '&':
      return left & right
    case '^':
      return left ^ right
    case '|':
      return left | right
    case '<<':
      if (right < 0n) throw new BambooError('negative shift count')
      if (left === 0n) return 0n
      bounded(bitsOf(left) + Number(right))
      return left << right
    case '>>':
      if (right < 0n) throw new BambooError('negative shift count')
      return left >> (right > BigInt(BITS_MAX) * 2n ? BigInt(BITS_MAX) * 2n : right)
  }
}

/**
 * A float to so many places, the exact value rounded half to even. JavaScript's toFixed rounds half up and gives up
 * beyond 1e21.
 * @param places 0 to {@link PLACES_MAX}.
 */
export function fixed(value: number, places: number): string {
  const negative = value < 0 || Object.is(value, -0)
  const digits = String(scaled(Math.abs(value), places)).padStart(places + 1, '0')
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
  return negative ? `-${text}` : text
}
export const PLACES_MAX = 100

/** `value * 10 ** places`, rounded half to even. */
function scaled(value: number, places: number): bigint {
  const [mantissa, exponent] = partsOf(value)
  const power = 10n ** BigInt(Math.abs(places))
  let over = places >= 0 ? mantissa * power : mantissa
  let under = places >= 0 ? 1n : power
  if (exponent >= 0) over <<= BigInt(exponent)
  else under <<= BigInt(-exponent)
  return halfEven(over, under)
}

/** A finite float >= 0 as `mantissa * 2 ** exponent`. */
export function partsOf(value: number): readonly [bigint, number] {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const fraction = bits & 0xf_ffff_ffff_ffffn
  const exponent = Number(bits >> 52n)
  return exponent === 0 ? [fraction, -1074] : [fraction | 0x10_0000_0000_0000n, exponent - 1075]
}

/** Both are >= 0, `under` is not 0. */
function halfEven(over: bigint, under: bigint): bigint {
  const quotient = over / under
  const twice = (over - quotient * under) * 2n
  return twice > under || (twice === under && quotient % 2n === 1n) ? quotient + 1n : quotient
}

/** Python's `round(value, places)`; without places a float becomes an int. */
export function rounded(value: Number_, places: bigint | undefined): Number_ {
  if (places !== undefined && (places > 400n || places < -400n)) {
    if (places > 0n) return value
    return typeof value === 'bigint' ? 0n : 0
  }
  const count = Number(places ?? 0n)
  if (typeof value === 'bigint') {
    if (count >= 0) return value
    const power = 10n ** BigInt(-count)
    const whole = halfEven(value < 0n ? -value : value, power) * power
    return value < 0n ? -whole : whole
  }
  if (!Number.isFinite(value)) {
    if (places !== undefined) return value
    throw new BambooError(`cannot convert float ${Number.isNaN(value) ? 'NaN' : 'infinity'} to integer`)
  }
  const whole = scaled(Math.abs(value), count)
  if (places === undefined) return value < 0 ? -whole : whole
  const float = count >= 0 ? Number(`${whole}e-${count}`) : Number(`${whole}e${-count}`)
  return value < 0 || Object.is(value, -0) ? -float : float
}
