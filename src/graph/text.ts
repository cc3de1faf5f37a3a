/** How wide a text is drawn, in units of the font's size: Chinese, Japanese and Korean signs are as wide as they are high. */
function widthOf(text: string): number {
  let width = 0
  for (const sign of text) width += (sign.codePointAt(0) ?? 0) >= 0x2e80 ? 1 : NARROW.has(sign) ? 0.3 : 0.56
  return width
}

const NARROW = new Set("il.,:;|!'()[] ")

/** As much of a text as there is room for. `room` in units of the font's size. */
export function fitText(text: string, room: number): string {
  if (widthOf(text) <= room) return text
  let fitted = ''
  let width = 0.8
  for (const sign of text) {
    width += widthOf(sign)
    if (width > room) break
    fitted += sign
  }
  return `${fitted.trimEnd()}…`
}

/** Of a point list, the path of an SVG: curves where columns are crossed, right angles with round corners elsewhere. */
export function pathOf(points: readonly { readonly x: number; readonly y: number }[], curved: boolean): string {
  const [first, ...rest] = points
  if (first === undefined) return ''
  let path = `M${at(first)}`
  let from = first
  for (const [index, to] of rest.entries()) {
    const next = rest[index + 1]
    const flat = from.y === to.y || from.x === to.x
    if (curved && !flat) {
      const middle = (from.x + to.x) / 2
      path += `C${at({ x: middle, y: from.y })} ${at({ x: middle, y: to.y })} ${at(to)}`
    } else if (next !== undefined && flat && isCorner(from, to, next)) {
      const before = towards(to, from)
      const after = towards(to, next)
      path += `L${at(before)}Q${at(to)} ${at(after)}`
    } else path += `L${at(to)}`
    from = to
  }
  return path
}

type Spot = { readonly x: number; readonly y: number }
const RADIUS = 8
const at = ({ x, y }: Spot): string => `${round(x)} ${round(y)}`
const round = (value: number): number => Math.round(value * 10) / 10

const isCorner = (from: Spot, to: Spot, next: Spot): boolean =>
  (from.y === to.y && to.x === next.x) || (from.x === to.x && to.y === next.y)

function towards(from: Spot, to: Spot): Spot {
  const length = Math.hypot(to.x - from.x, to.y - from.y)
  const part = length === 0 ? 0 : Math.min(RADIUS, length / 2) / length
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }
}
